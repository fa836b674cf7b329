"""Video segmentation on weak devices, taught by a heavy network on a server.

    import shadowtutor as st

    with st.Server(my_network, classes=["background", "person"]) as server:  # a function of a frame
        with st.Client(server.address) as client:
            for frame in frames:                                             # BGR, uint8 [H,W,3]
                labels, report = client.process(frame)                       # uint8 [H,W], at once
"""

from ._core import (
    Client,
    FrameReport,
    LinkStats,
    Server,
    ServerStats,
    SessionStats,
    Student,
    Teacher,
    Trained,
    Trainer,
    __version__,
    mean_iou,
    next_stride,
    set_max_threads,
)
from ._errors import (
    Cancelled,
    DataLoss,
    DeadlineExceeded,
    Error,
    FailedPrecondition,
    Internal,
    InvalidArgument,
    NotFound,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
)
from ._evaluate import Evaluation, evaluate

__all__ = [
    "Cancelled",
    "Client",
    "DataLoss",
    "DeadlineExceeded",
    "Error",
    "Evaluation",
    "FailedPrecondition",
    "FrameReport",
    "Internal",
    "InvalidArgument",
    "LinkStats",
    "NotFound",
    "ResourceExhausted",
    "Server",
    "ServerStats",
    "SessionStats",
    "Student",
    "Teacher",
    "Trained",
    "Trainer",
    "Unauthenticated",
    "Unavailable",
    "__version__",
    "evaluate",
    "mean_iou",
    "next_stride",
    "set_max_threads",
]
