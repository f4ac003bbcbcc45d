"""Reading data: arrays, IDX files, CSV files. Independent of models; nothing here knows another file of this folder."""
