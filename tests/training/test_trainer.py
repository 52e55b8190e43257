"""Only the answer is learned, and the head runs only where it stands."""

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

from failwise.training.batches import Encoded
from failwise.training.trainer import IGNORED, _visible, answer_loss, collate

SHORT = Encoded((5, 6, 7, 8), answer_from=3)
LONG = Encoded((9, 10, 11, 12, 13, 14), answer_from=2)


def test_labels_stand_on_the_completion_alone() -> None:
    batch = collate([SHORT, LONG], padding=0)
    assert batch["input_ids"].tolist() == [[0, 0, 5, 6, 7, 8], [9, 10, 11, 12, 13, 14]]
    assert batch["attention_mask"].tolist() == [[0, 0, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1]]
    assert batch["position_ids"].tolist() == [[0, 0, 0, 1, 2, 3], [0, 1, 2, 3, 4, 5]]
    no = IGNORED
    assert batch["labels"].tolist() == [[no, no, no, no, no, 8], [no, no, 11, 12, 13, 14]]


def test_the_loss_is_that_of_the_whole_model_on_each_example_alone(tiny_base: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(tiny_base, dtype=torch.float32)
    total, count = 0.0, 0
    for example in (SHORT, LONG):
        logits = model(torch.tensor([example.tokens])).logits[0].log_softmax(-1)
        for at in range(example.answer_from, len(example.tokens)):
            total -= logits[at - 1, example.tokens[at]].item()
            count += 1
    loss = answer_loss(model, collate([SHORT, LONG], padding=0))
    torch.testing.assert_close(loss.item(), total / count, rtol=1e-4, atol=1e-5)


def test_a_position_sees_its_example_up_to_itself_and_padding_sees_itself() -> None:
    added = _visible(collate([SHORT, LONG], padding=0)["attention_mask"], torch.float32)[:, 0]
    seen = [[[at for at, value in enumerate(row) if value == 0] for row in example] for example in added.tolist()]
    assert seen[0] == [[0], [1], [2], [2, 3], [2, 3, 4], [2, 3, 4, 5]]
    assert seen[1] == [list(range(at + 1)) for at in range(6)]
