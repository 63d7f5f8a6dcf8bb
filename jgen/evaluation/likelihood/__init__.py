"""Parts of ``log_likelihood``: one method or one kind of statistic a file."""
