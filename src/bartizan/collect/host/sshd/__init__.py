"""Section `sshd`: what the OpenSSH server of a host does, as it works it out itself (sshd_config(5)).

`syntax` reads the files, `settings` knows every setting with its default, `build` looks at the installed program,
`section` puts them together.
"""
