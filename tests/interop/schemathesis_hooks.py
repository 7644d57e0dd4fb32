"""What no HTTP message can carry is no question to the registry: its parser refuses it before there is a request."""

import schemathesis


def is_carried(value):
    """Visible characters, blanks and what is beyond ASCII (RFC 9110 section 5.5)."""
    return all(one == "\t" or (one >= " " and one != "\x7f") for one in str(value))


@schemathesis.hook
def filter_headers(context, headers):
    return all(is_carried(value) for value in (headers or {}).values())
