import { Empty } from "../parts/States";
import { Go } from "../parts/Go";

export default function MissingPage() {
  return (
    <div className="page">
      <Empty title="There is no such page" action={<Go to="/" className="button">To the overview</Go>}>
        <p>The address may have been cut when it was copied, or the thing that it named is gone.</p>
      </Empty>
    </div>
  );
}
