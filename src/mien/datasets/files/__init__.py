"""Files of a data set: archives, pictures, look-up, download."""
