"""The parts of an image's name: `registry.example:5000/shop/web:1.2@sha256:...`."""

from bartizan.collect.resources.values import Unknown, Value


def image_parts(image: Value) -> dict[str, Value]:
    """Registry, tag and digest, each empty where the name has none. Of an unknown name, what is written of it counts
    where that decides a part: `${BASE}:1.2` has the tag 1.2."""
    if isinstance(image, Unknown):
        name, _, digest = image.text.partition("@")
        tag = name.rpartition("/")[2].partition(":")[2]
        return {
            "image_registry": image,
            "image_tag": tag if tag and "${" not in tag else image,
            "image_digest": digest if digest and "${" not in digest else image,
        }
    name, _, digest = str(image).partition("@")
    first, slash, _ = name.partition("/")
    host = first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"
    return {"image_registry": host, "image_tag": name.rpartition("/")[2].partition(":")[2], "image_digest": digest}
