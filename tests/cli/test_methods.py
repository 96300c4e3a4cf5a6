"""`hashbench methods`, as a user calls it."""


def test_methods_are_listed_by_what_they_learn_from(cli):
    status, out, _ = cli("methods")
    assert status in (0, None)
    kinds = [line.split("│")[2].strip() for line in out.splitlines() if line.count("│") > 3]
    assert sorted(kinds, key=["none", "tags", "web", "labels"].index) == kinds


def test_a_method_shows_its_settings_under_each_preset(cli):
    status, out, _ = cli("methods", "wsdhq")
    assert status in (0, None)
    assert "learns from tags" in out and "preset paper: " in out
    row = next(line for line in out.splitlines() if " hidden " in line)
    assert [cell.strip() for cell in row.split("│")[1:5]] == [
        "hidden",
        "512",
        "0",
        "Width of a hidden layer before the fusion layer; 0 for none, as in the paper.",
    ]


def test_settings_that_are_inherited_say_what_they_are(cli):
    _, out, _ = cli("methods", "mecoq")
    assert next(line for line in out.splitlines() if "batch_size" in line).count("Images a step.") == 1


def test_a_method_without_settings_says_so(cli):
    assert "It has no settings." in cli("methods", "lsh")[1]


def test_an_unknown_method_is_one_line(cli):
    status, out, err = cli("methods", "wsdqh")
    assert (status, out) == (2, "")
    assert err.startswith("error: unknown method 'wsdqh'. Did you mean 'wsdhq'?") and err.count("\n") == 1
