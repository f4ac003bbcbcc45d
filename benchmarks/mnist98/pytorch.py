"""PyTorch, eager: fused Adam, rows gathered into one buffer."""

import torch
from torch import nn

from benchmarks.mnist98 import recipe


def train(seed: int) -> tuple[str, float]:
    torch.set_num_threads(recipe.get_threads())
    torch.set_flush_denormal(True)
    torch.manual_seed(seed)
    (x, y), (x_test, y_test) = (
        (torch.tensor(images).float().div_(255), torch.tensor(labels).long()) for images, labels in recipe.load()
    )
    model = make_model(seed)
    loss = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    x_batch, y_batch = torch.empty(recipe.BATCH_SIZE, x.shape[1]), torch.empty(recipe.BATCH_SIZE, dtype=y.dtype)
    for rate in recipe.LEARNING_RATES:
        optimizer.param_groups[0]["lr"] = rate
        for rows in torch.randperm(len(x)).split(recipe.BATCH_SIZE):
            torch.index_select(x, 0, rows, out=x_batch[: len(rows)])
            torch.index_select(y, 0, rows, out=y_batch[: len(rows)])
            loss(model(x_batch[: len(rows)]), y_batch[: len(rows)]).backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
    with torch.inference_mode():
        accuracy = (model(x_test).argmax(dim=1) == y_test).float().mean().item()
    return f"PyTorch {torch.__version__}", accuracy


def make_model(seed: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for kernel, bias in recipe.draw_weights(seed):
        layers += [nn.Linear(*kernel.shape), nn.ReLU()]
        layers[-2].weight.data = torch.from_numpy(kernel.T.copy())
        layers[-2].bias.data = torch.from_numpy(bias)
    return nn.Sequential(*layers[:-1])


if __name__ == "__main__":
    recipe.run(train)
