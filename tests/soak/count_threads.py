"""How many threads a process says that it uses, and has after it has trained, as JSON."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # tests/

import nnfast
from soak import small

if __name__ == "__main__":
    model, (x, y) = small.make_model(), small.make_data()
    model.fit(x, y, batch_size=500, verbose=0)
    print(json.dumps([nnfast.get_num_threads(), len(list(Path("/proc/self/task").iterdir()))]))
