"""The library's errors. Where Python has an exception of the same meaning, they are that as well."""


class Error(Exception):
    """What the library raises. The text is a sentence: what is wrong, and what to do.

    code: the kind, "INVALID_ARGUMENT" and so on, as in the C++ library and in gRPC.
    """

    code = "INTERNAL"


class InvalidArgument(Error, ValueError):
    """An argument or an input file is wrong; trying again will not help."""

    code = "INVALID_ARGUMENT"


class NotFound(Error, FileNotFoundError):
    """A file, a class or a server's address does not exist."""

    code = "NOT_FOUND"


class DataLoss(Error, ValueError):
    """Truncated, corrupt or hostile bytes."""

    code = "DATA_LOSS"


class FailedPrecondition(Error, RuntimeError):
    """A valid request, but not now or not to this partner."""

    code = "FAILED_PRECONDITION"


class ResourceExhausted(Error, ValueError):
    """Something exceeds one of the documented bounds."""

    code = "RESOURCE_EXHAUSTED"


class Unavailable(Error, ConnectionError):
    """A server, disk or device cannot be used now; trying again may help."""

    code = "UNAVAILABLE"


class DeadlineExceeded(Error, TimeoutError):
    """It took longer than its deadline."""

    code = "DEADLINE_EXCEEDED"


class Cancelled(Error):
    """The user or the program stopped it."""

    code = "CANCELLED"


class Internal(Error, RuntimeError):
    """A defect in ShadowTutor."""

    code = "INTERNAL"


class Unauthenticated(Error, PermissionError):
    """The server does not know the client's token."""

    code = "UNAUTHENTICATED"


BY_CODE = {kind.code: kind for kind in Error.__subclasses__()}
