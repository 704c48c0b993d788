/** The images room: every image that was scanned, the riskiest first. */

import { system } from "../lib/format";
import { image } from "../lib/paths";
import { KindList } from "../parts/KindList";
import { Truncated } from "../parts/Small";
import { Empty } from "../parts/States";

export default function ImagesPage() {
  return (
    <KindList
      title="Images"
      kind="image"
      words={["image", "images"]}
      to={image}
      about={{ id: "os", title: "Operating system", width: 220, sort: "os", drop: 5, cell: (row) => <Truncated text={system(row.os)} /> }}
      empty={
        <Empty title="No images yet" command={`bartizan scan image app.tar --upload ${window.location.origin}`}>
          <p>Scan an image where it is built and send its facts here, with a token of the access “Send”.</p>
        </Empty>
      }
    />
  );
}
