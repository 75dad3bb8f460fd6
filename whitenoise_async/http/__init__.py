"""The rules of HTTP (RFC 9110) as pure functions on header values, without I/O."""
