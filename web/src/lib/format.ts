/** Numbers and names as they are written on the pages. */

const whole = new Intl.NumberFormat("en");
const oneDigit = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

export function count(value: number, atLeast = false): string {
  return whole.format(value) + (atLeast ? "+" : "");
}

export function decimal(value: number): string {
  return oneDigit.format(value);
}

/** `0.4 %`, `12 %`; what is tiny says so instead of rounding to nothing. */
export function percent(share: number): string {
  if (share > 0 && share < 0.0005) return "< 0.1 %";
  if (share > 0.9995 && share < 1) return "> 99.9 %";
  const value = share * 100;
  if (value > 99 && value < 100) return `${oneDigit.format(Math.floor(value * 10) / 10)} %`;
  return `${value >= 10 ? Math.round(value) : oneDigit.format(value)} %`;
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Cut in the middle: the two ends of a host name or a path tell more than its beginning alone. */
export function middle(text: string, longest: number): string {
  const letters = Array.from(text);
  if (letters.length <= longest) return text;
  const head = Math.ceil((longest - 1) / 2);
  const tail = Math.floor((longest - 1) / 2);
  return `${letters.slice(0, head).join("")}…${letters.slice(letters.length - tail).join("")}`;
}

const WORDS: Record<string, string> = {
  os: "Operating system",
  pypi: "PyPI",
  npm: "npm",
  deb: "Debian",
  apk: "Alpine",
  rpm: "RPM",
  ssh: "SSH",
  sshd: "SSH server",
  "asset.source": "Source",
  part: "Part of the image",
  origin: "Packages of",
  base: "Base image",
  "cis-aws-3": "CIS AWS",
  "cis-azure-2": "CIS Azure",
  "cis-docker": "CIS Docker",
  "cis-gcp-2": "CIS Google Cloud",
  "cis-kubernetes": "CIS Kubernetes",
  "cis-ubuntu-24-04": "CIS Ubuntu 24.04",
  hipaa: "HIPAA",
  "nist-csf-2": "NIST CSF",
  "pod-security-standards": "Pod Security Standards",
  "soc-2": "SOC 2",
  pam: "PAM",
  kev: "Known exploited",
  epss: "EPSS",
  uid: "UID",
  gid: "GID",
  id: "ID",
  "asset.os": "Operating system",
  "asset.kind": "Asset kind",
  updates_apt: "Pending updates (apt)",
  "nist-800-53": "NIST 800-53",
  "cis-controls-8": "CIS Controls 8",
  "pci-dss-4": "PCI DSS 4",
  "iso-27001": "ISO 27001",
  "iso-27001-2022": "ISO 27001",
  "cis-debian-12": "CIS Debian 12",
  cvss: "CVSS",
};

/** The name of an operating system without the words that every one of its kind has. */
export function system(os: string): string {
  return os.replace(/ GNU\/Linux\b/, "").replace(/ Linux\b(?= \d)/, "");
}

const FAMILIES: Record<string, string> = {
  deb: "Debian",
  rpm: "RPM",
  apk: "Alpine",
  pypi: "Python",
  npm: "npm",
  gem: "Ruby",
  golang: "Go",
  cargo: "Rust",
  nuget: ".NET",
  composer: "PHP",
  hex: "Erlang, Elixir",
};

/** A wire name as a label: `password_authentication` reads `Password authentication`. */
export function label(name: string): string {
  const known = WORDS[name];
  if (known) return known;
  const family = /^packages_(.+)$/.exec(name)?.[1];
  if (family) return `Packages (${FAMILIES[family] ?? family.charAt(0).toUpperCase() + family.slice(1)})`;
  const text = name.replace(/[_-]+/g, " ").replace(/([a-z])\.([a-z])/g, "$1 $2").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}
