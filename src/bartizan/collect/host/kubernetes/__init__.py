"""Section `kubernetes_node`: files and arguments of the Kubernetes components on a host."""
