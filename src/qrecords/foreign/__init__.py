"""What files from elsewhere show: the one reader of them for whatever takes in, binds or checks."""
