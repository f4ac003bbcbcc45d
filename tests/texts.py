"""texts.py: what tests write into files: numbers as cells of tables, and the file of a run."""

NUMBERS = (
    *("0", "1", "255", "256", "-1", "+5", "007", "1.5", "1.0", "-0", ".5", "1.", "1e3", "1E5", "0.1"),
    "3.14159265358979312",
)
ODD_NUMBERS = (
    *("4.9e-324", "2.2250738585072011e-308", "1e400", "inf", "-Infinity", "nan", "123456789012345678901", " 7", "7 "),
    *("1_000", "٣"),
)
NO_NUMBERS = ("0x1F", "1d5", "0b1", "1e")

RUN = """
data = "flowers.csv"
target = "kind"
hidden = [12, 5]
epochs = 3
dropout = 0.25
shuffle = false
class-weight = {rose = 2, "wild, red" = 0.5}
metric = ["f1_score"]
optimizer = "sgd"
schedule = "cosine"
model = "of file.st"

[optimizer-option]
nesterov = true
momentum = 0.5
"""
