import random

from burnish.starter.tasks.drill import drill


def test_every_answer_stands_in_its_exercise_or_pairs_its_digits():
    rng = random.Random(0)
    for _ in range(500):
        task, answer = drill(rng)
        kind = task.split()[0]
        if kind in ("Repeat:", "Say:", "Copy:"):
            assert task == f"{kind} {answer}"
        elif kind == "Pairs":
            a, b = (number.strip(".,") for number in task.split() if number.strip(".,").isdigit())
            assert answer == f"{a[2]}+{b[2]} {a[1]}+{b[1]} {a[0]}+{b[0]}"
        else:
            pairs, wanted = task.split("\nFind: ")
            assert sum(map(len, wanted.split())) < len(answer) <= len(pairs)
            assert all(part.strip(",") in pairs for part in answer.split())
