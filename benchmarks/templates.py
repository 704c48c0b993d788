"""Reading, judging and explaining Terraform: 60,000 lines with nested modules, count, for_each and dynamic blocks.

    python benchmarks/templates.py [--modules 100]

Every bucket is public and every security group open, so that each second resource has something to explain: far more
than an estate that anybody runs. The bound for reading and judging is 30 s and 1 GB.
"""

import argparse
import resource as limits
import tempfile
import time
from pathlib import Path

from bartizan.assess.origins import wanted, with_origins
from bartizan.assess.policy.engine import load_policies
from bartizan.assess.resources import assess_section
from bartizan.collect.filesystem.local import LocalView
from bartizan.collect.templates.discover import read_templates
from bartizan.collect.templates.terraform.module import root_module
from bartizan.collect.templates.terraform.source import Sources
from bartizan.collect.templates.tracing import Tracer
from bartizan.model.snapshot import Section

PER_MODULE = 18
HEAD = """\
variable "cidrs" {}
variable "acl" {
  default = "public-read"
}
locals {
  tags = { team = "x", stage = var.acl }
}
"""
PART = """\
resource "aws_s3_bucket" "b%(i)d" {
  for_each = toset(["a", "b", "c"])
  bucket   = "bucket-%(m)d-%(i)d-${each.key}"
  acl      = var.acl
  tags     = merge(local.tags, { name = each.key })
  versioning {
    enabled = true
  }
}

resource "aws_security_group" "g%(i)d" {
  count       = 3
  description = "group ${count.index}"
  dynamic "ingress" {
    for_each = var.cidrs
    content {
      from_port   = 22
      to_port     = 22
      protocol    = "tcp"
      cidr_blocks = [ingress.value]
    }
  }
}

resource "aws_instance" "i%(i)d" {
  ami           = "ami-1"
  instance_type = "t3.micro"
  metadata_options {
    http_tokens = var.acl == "private" ? "required" : "optional"
  }
}
"""


def write(root: Path, modules: int) -> int:
    """An estate; the number of its lines."""
    top = 'locals {\n  world = ["10.0.0.0/8", "0.0.0.0/0"]\n}\n'
    texts: dict[str, str] = {}
    for m in range(modules):
        texts[f"modules/leaf{m}"] = HEAD + "".join(PART % {"m": m, "i": i} for i in range(PER_MODULE))
        call = f'module "leaf" {{\n  source = "../leaf{m}"\n  cidrs  = var.cidrs\n}}\n'
        texts[f"modules/middle{m}"] = f'variable "cidrs" {{}}\n{call}'
        top += f'module "m{m}" {{\n  source = "./modules/middle{m}"\n  count  = 3\n  cidrs  = local.world\n}}\n'
    texts["."] = top
    for folder, text in texts.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / "main.tf").write_text(text)
    return sum(text.count("\n") for text in texts.values())


class _Clock:
    def __init__(self) -> None:
        self._last = time.process_time()

    def passed(self) -> float:
        last, self._last = self._last, time.process_time()
        return self._last - last


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modules", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines = write(Path(folder), options.modules)
        view, policies, tracer, clock = LocalView(folder), load_policies(), Tracer(), _Clock()
        instances = sum(1 for _ in root_module(Sources(view, "/"), "/").declared())
        print(f"{lines:,} lines, {instances:,} instances evaluated: {clock.passed():.1f} CPU s")
        section = read_templates(view, tracer=tracer)["resources_terraform"]
        print(f"read whole, as facts: {clock.passed():.1f} CPU s")
        assessment = assess_section(section, policies)
        print(f"judged: {clock.passed():.1f} CPU s, {len(assessment.findings):,} findings")
        facts = tracer.trace(section.name, wanted(section, assessment))
        told = with_origins(assessment, section, Section(name="origins_terraform", facts=facts))
        number = sum("origins" in each.evidence for each in told.findings)
        print(f"explained: {clock.passed():.1f} CPU s, {number:,} findings with the origin of their values")
    print(f"{limits.getrusage(limits.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
