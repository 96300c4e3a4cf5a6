"""Pictures that can be searched: their codes and thumbnails, and the run that made them."""
