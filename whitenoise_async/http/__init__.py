"""HTTP's rules as pure functions on field values (RFC 9110): text in, values out, no I/O."""
