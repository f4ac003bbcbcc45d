"""workloads: the tasks, as src/nnfast/cli/workloads.py has them.

That file is of this tree, whichever nnfast is measured, and is read without importing nnfast: rivals run without it.
"""

import importlib.util
import sys
from pathlib import Path

_NAME = "nnfast_workloads"
if _NAME not in sys.modules:
    _spec = importlib.util.spec_from_file_location(
        _NAME, Path(__file__).parents[1] / "src" / "nnfast" / "cli" / "workloads.py"
    )
    assert _spec is not None
    assert _spec.loader is not None
    sys.modules[_NAME] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules[_NAME])

_tasks = sys.modules[_NAME]
BETA_1, BETA_2, EPSILON, MNIST_FOLDER = _tasks.BETA_1, _tasks.BETA_2, _tasks.EPSILON, _tasks.MNIST_FOLDER
Data, PredictTask, TrainTask = _tasks.Data, _tasks.PredictTask, _tasks.TrainTask
PREDICT_TASKS, TRAIN_TASKS = _tasks.PREDICT_TASKS, _tasks.TRAIN_TASKS
