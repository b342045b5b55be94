"""An embedded data set: synthetic people before synthetic Kinects, in NTU's own file format."""
