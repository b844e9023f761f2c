"""What is trained here is trained in one thread."""

from one_thread import one_thread as one_thread
