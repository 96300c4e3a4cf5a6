"""`hashbench evaluate`, as a user calls it on the files of other tools."""

import json

import h5py
import numpy as np
import pytest
import scipy.io
import scipy.sparse

from hashbench import evaluate
from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.storage import save_codes

GENERATOR = np.random.default_rng(0)
QUERY, DATABASE = (np.where(GENERATOR.random((n, 12)) < 0.5, 1.0, -1.0) for n in (10, 60))
NUMBERS = GENERATOR.integers(0, 4, 10), GENERATOR.integers(0, 4, 60)
LABELS = tuple(np.eye(4, dtype=np.uint8)[numbers] for numbers in NUMBERS)
PACKED = tuple(np.packbits(side > 0, axis=1) for side in (QUERY, DATABASE))


@pytest.fixture
def scored(cli):
    """Call the command, which must succeed; returns its JSON, parsed strictly."""

    def call(*arguments):
        status, out, err = cli("evaluate", *arguments, "--format", "json")
        assert status in (0, None) and err == ""
        return json.loads(out, parse_constant=pytest.fail)

    return call


@pytest.fixture
def refused(cli):
    """Call the command, which must refuse; returns its one line."""

    def call(*arguments):
        status, out, err = cli("evaluate", *arguments)
        assert (status, out) == (2, "")
        assert len(err.strip().splitlines()) == 1 and err.startswith("error: ")
        return err

    return call


@pytest.fixture
def expected():
    """What the same codes and labels score in Python."""
    return evaluate(QUERY, DATABASE, *LABELS).summary()


@pytest.fixture
def four(tmp_path):
    """A .npy file for each of codes and labels, the way DeepHash-pytorch saves them."""
    names = ("tst_binary", "trn_binary", "tst_label", "trn_label")
    for name, array in zip(names, (QUERY, DATABASE, *LABELS), strict=True):
        np.save(tmp_path / f"{name}.npy", array)
    return [tmp_path / f"{name}.npy" for name in names]


def same(told, expected):
    return all(told[key] == expected[key] for key in ("bits", "scores", "skipped", "code_statistics"))


def test_one_npz_of_everything(scored, tmp_path, expected):
    path = tmp_path / "all.npz"
    np.savez(path, query_codes=QUERY, database_codes=DATABASE, tst_label=LABELS[0], trn_label=LABELS[1])
    assert same(scored(path, path), expected)


def test_a_file_each(scored, four, expected):
    query, database, query_labels, database_labels = four
    found = scored(database, database_labels, "--query-codes", query, "--query-labels", query_labels)
    assert same(found, expected)


def test_matlab_with_class_numbers(scored, tmp_path, expected):
    path = tmp_path / "all.mat"
    test, train = (numbers[:, None] + 1.0 for numbers in NUMBERS)
    scipy.io.savemat(path, {"qB": QUERY, "rB": DATABASE, "testgnd": test, "traingnd": train})
    assert same(scored(path, path), expected)


def test_matlab_of_version_7_3_with_packed_bytes(scored, tmp_path, expected):
    with h5py.File(tmp_path / "codes.mat", "w", userblock_size=512) as file:
        file["B_tst"], file["B_trn"] = (side.T for side in PACKED)
    scipy.io.savemat(
        tmp_path / "labels.mat",
        {"L_te": scipy.sparse.csc_matrix(LABELS[0]), "L_db": scipy.sparse.csc_matrix(LABELS[1])},
    )
    found = scored(tmp_path / "codes.mat", tmp_path / "labels.mat")
    assert found["bits"] == 16  # packed bytes do not tell that four bits are padding
    assert found["scores"] == expected["scores"]


def test_sparse_labels(scored, four, tmp_path, expected):
    query, database, _, _ = four
    for name, labels in (("q.npz", LABELS[0]), ("d.npz", LABELS[1])):
        scipy.sparse.save_npz(tmp_path / name, scipy.sparse.csr_matrix(labels))
    found = scored(
        database, tmp_path / "d.npz", "--query-codes", query, "--query-labels", tmp_path / "q.npz"
    )
    assert same(found, expected)


def test_names_of_ones_own(scored, tmp_path, expected):
    path = tmp_path / "all.npz"
    np.savez(path, a=QUERY, b=DATABASE, c=LABELS[0], d=LABELS[1])
    named = ("query_codes=a", "database_codes=b", "query_labels=c", "database_labels=d")
    keys = [part for pair in named for part in ("--key", pair)]
    assert same(scored(path, path, *keys), expected)


def test_codes_of_the_suites_own_run(scored, run, tmp_path):
    (record,) = run("--method", "itq", "--bits", "16")
    codes = f"{record['run_dir']}/codes.npz"
    with np.load(codes) as stored:
        sizes = len(stored["query_packed"]), len(stored["database_packed"])
    path = tmp_path / "labels.npz"
    np.savez(path, query_labels=np.zeros(sizes[0], int), database_labels=np.arange(sizes[1]) % 3)
    found = scored(codes, path)
    assert (found["bits"], found["queries"], found["items"]) == (16, *sizes)


@pytest.mark.parametrize("own", [True, False])
def test_quantization_codes(scored, tmp_path, own):
    books = GENERATOR.standard_normal((2, 8, 3)).astype(np.float32)
    query, database = (GENERATOR.integers(0, 8, (n, 2), dtype=np.uint8) for n in (10, 60))
    embeddings = GENERATOR.standard_normal((10, 3)).astype(np.float32)
    path = tmp_path / "codes.npz"
    if own:
        sides = [AdditiveCodes(side, books, Similarity.SQUARED_L2) for side in (query, database)]
        save_codes(path, *sides, embeddings)
    else:
        arrays = {"query_codes": query, "database_codes": database, "query_embeddings": embeddings}
        np.savez(path, codebooks=books, **arrays)
    np.savez(tmp_path / "labels.npz", query_labels=LABELS[0], database_labels=LABELS[1])
    similarity = () if own else ("--similarity", "squared_l2")
    found = scored(path, tmp_path / "labels.npz", *similarity)
    expected = evaluate(
        query, database, *LABELS, codebooks=books, query_embeddings=embeddings, similarity="squared_l2"
    )
    assert list(found["scores"]) == ["aqd", "sqd"]
    assert same(found, expected.summary())


@pytest.fixture
def whole(tmp_path):
    path = tmp_path / "all.npz"
    np.savez(
        path, query_codes=QUERY, database_codes=DATABASE, query_labels=LABELS[0], database_labels=LABELS[1]
    )
    return path


def test_what_can_be_asked_for(scored, whole):
    found = scored(
        *(
            whole,
            whole,
            "--preset",
            "trec",
            "--preset",
            "wsih",
            "--metric",
            "map@3",
            "--metric",
            "recall@7",
        ),
        *("--relevance", "same", "--layout", "signs", "--kernel", "numpy", "--curve"),
    )
    assert list(found["scores"]["hamming"]) == ["trec", "wsih"]
    assert list(found["scores"]["hamming"]["trec"]) == ["map@3", "recall@7", "chance"]
    assert (found["relevance"], found["kernel"]) == ("same", "numpy")
    assert found["curves"]["micro"]["radius"] == list(range(13))
    assert found["curves"]["micro"]["recall"][-1] == 1


def test_the_table_names_what_it_shows(cli, whole):
    report = evaluate(QUERY, DATABASE, *LABELS)
    means = report.scores["hamming"]["hashbench"].means()
    status, out, err = cli("evaluate", whole, whole, "--preset", "all")
    assert status in (0, None) and err == ""
    band = "{:.3f} ({:.3f}–{:.3f})".format(
        *(means[f"map@all{ties}"] for ties in ("", "/pessimistic", "/optimistic"))
    )
    for text in (
        *("hashbench", "deephash_pytorch", "map@all", "precision_within@2", "chance", "0 of 10", band),
        *("bit_entropy", "12 bits, 10 queries, 60 items; relevance shared>=1; kernel numba"),
    ):
        assert text in out, text
    row = next(line for line in out.splitlines() if "wsih" in line)
    assert f"{means['chance']:.3f}" in row


def test_the_table_of_metrics_without_map(cli, whole):
    status, out, _ = cli("evaluate", whole, whole, "--metric", "acg@3")
    assert status in (0, None)
    assert "acg@3" in out and "chance" in out and "map@all " not in out


def test_help_shows_the_defaults(cli):
    status, out, _ = cli("evaluate", "--help")
    assert status in (0, None)
    for text in ("CODES", "LABELS", "(hashbench)", "[default: shared]", "[default: table]"):
        assert text in out, text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--preset", "hashbnch"), "unknown metric preset 'hashbnch'. Did you mean 'hashbench'?"),
        (("--metric", "map@0"), "metric 'map@0'. Expected map with @ and a rank or all."),
        (("--relevance", "jaccard"), "relevance 'jaccard'"),
        (("--layout", "byte"), "unknown layout 'byte'"),
        (("--layout", "packed"), "packed query codes hold -1"),
        (("--kernel", "fast"), "unknown ranking kernel 'fast'"),
        (("--device", "toaster"), "device 'toaster' cannot be used here"),
        (("--key", "query_codes"), "--key 'query_codes': Expected NAME=ARRAY."),
        (("--key", "queries=a"), "unknown --key name 'queries'"),
        (("--key", "query_codes=a"), "unknown array of all.npz 'a'. Known: database_codes,"),
        (("--query-codes", "/nowhere.npy"), "'/nowhere.npy': there is no such file."),
        (("--curve",), "--curve is for --format json"),
    ],
)
def test_bad_options(refused, whole, arguments, message):
    assert message in refused(whole, whole, *arguments)


def test_a_file_that_does_not_say_which_is_which(refused, four, whole):
    _, database, _, database_labels = four
    assert "--query-codes" in refused(database, whole)
    assert "--query-labels" in refused(whole, database_labels)


def test_codes_and_labels_of_different_numbers(refused, four, whole):
    _, _, query_labels, database_labels = four
    line = refused(whole, query_labels, "--query-labels", database_labels)
    assert "codes of 10 queries and 60 items, labels of 60 and 10. Expected equal numbers." in line


def test_files_that_are_damaged_or_missing(refused, tmp_path, whole):
    broken = tmp_path / "broken.npz"
    broken.write_bytes(whole.read_bytes()[:300])
    assert "broken.npz' cannot be read" in refused(broken, whole)
    assert "missing.mat': there is no such file." in refused(whole, tmp_path / "missing.mat")


def test_a_curve_of_quantization_codes(refused, tmp_path, whole):
    np.savez(tmp_path / "codes.npz", database_codes=np.zeros((60, 1)), codebooks=np.ones((1, 2, 3)),
             query_embeddings=np.ones((10, 3)))  # fmt: skip
    line = refused(tmp_path / "codes.npz", whole, "--curve", "--format", "json")
    assert "the codes are not binary" in line


def test_only_codes_in_shards_are_scored_elsewhere(refused, tmp_path):
    np.savez(tmp_path / "codes.npz", query_codes=QUERY, database_codes=DATABASE)
    said = refused(tmp_path / "codes.npz", tmp_path / "codes.npz", "--engine", "ray")
    assert "Expected a folder of codes" in said
