"""The Docker engine of a host, its containers and images: `docker_daemon`, `docker_containers`, `docker_images`.

Facts of each are {"present": bool, "resources": [...]}, resources in the form of `model.resource`. Of variables only
the names are told, and which of them hold a secret.
"""
