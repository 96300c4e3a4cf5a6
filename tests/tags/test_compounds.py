"""Splitting compounds, against lists that a person wrote and against all ways to split."""

import math
from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from hashbench import fingerprint
from hashbench.tags.compounds import KNOWN, ranks, split_compound
from hashbench.tags.embeddings import bundled_words

# The rules were made with the first list of each pair. The second was written, and looked at, afterwards.
COMPOUNDS = """
    golden gate bridge, black and white, new york city, san francisco, los angeles, eiffel tower, empire
    state building, black sky, night sky, red flower, yellow flower, old house, snow mountain, long
    exposure, night photography, street photography, golden hour, sunset beach, beach sunset, autumn
    leaves, fall colors, black cat, white cat, family portrait, self portrait, blue eyes, green eyes,
    christmas tree, wedding dress, birthday party, train station, railway station, brooklyn bridge,
    tower bridge, times square, central park, hyde park, grand canyon, city lights, depth of field,
    statue of liberty, day of the dead, cherry blossom, south africa, united states, costa rica, stained
    glass, vintage car, niagara falls, mountain bike, water drops, macro photography, purple flower, ice
    cream, buckingham palace, golden retriever, border collie, old town, street lights, cross country,
    green grass, bird in flight
"""
FRESH_COMPOUNDS = """
    old building, white sands, sunny day, rainy day, winter wonderland, forest path, mountain lake,
    river bank, wild horses, baby girl, little boy, happy birthday, first snow, spring flowers, wooden
    door, broken window, empty road, silver spoon, red carpet, chocolate cake, apple tree, palm trees,
    coffee cup, street music, rock concert, baseball game, football match, tennis player, swimming pool,
    military aircraft, steam train, police car, tall ship, sailing boat, fishing boat, harbour bridge,
    opera house, sydney harbour, tokyo tower, red square, westminster abbey, notre dame, royal palace,
    mount fuji, mount everest, lake district, new zealand, saudi arabia, new england, northern lights,
    milky way, shallow focus, cloudy sky, stormy weather, red rose, green leaf, blue water, ocean view,
    pine tree, school bus
"""
ORDINARY = """
    dandelion, dragonfly, hummingbird, hydrangea, agapanthus, bougainvillea, chrysanthemum,
    rhododendron, kaleidoscope, silhouette, butterfly, waterfall, lighthouse, reflection, fuerteventura,
    lanzarote, reykjavik, edinburgh, guggenheim, wheelbarrow, windmill, snowflake, skyscraper,
    strawberry, grasshopper, ladybird, caterpillar, boardwalk, driftwood, toadstool, woodpecker,
    kingfisher, nightingale, seagulls, salamander, hippopotamus, meerkats, alstroemeria, wisteria,
    honeysuckle, sandcastle, scarecrow, stonehenge, massachusetts, christchurch, philadelphia, antelope,
    cormorant, hellebore, snapdragon, sunflowers, bluebells, foxglove, mandarin, carpenter, understand,
    together, yellowknife, schaffhausen, lauterbrunnen, neuschwanstein, atardecer, schmetterling,
    sonnenuntergang, primavera
"""
FRESH_ORDINARY = """
    amaryllis, geranium, magnolia, marigold, cyclamen, delphinium, hibiscus, snowdrops, echinacea,
    hyacinth, ranunculus, osteospermum, oystercatcher, lapwing, chaffinch, goldfinch, sparrowhawk,
    kookaburra, cockatoo, lorikeet, spoonbill, sandpiper, turnstone, goosander, guillemot, razorbill,
    dachshund, rottweiler, weimaraner, labradoodle, portuguese, dubrovnik, ljubljana, czestochowa,
    thessaloniki, santorini, cappadocia, marrakech, kilimanjaro, johannesburg, stellenbosch,
    knaresborough, felixstowe, llandudno, aberystwyth, derwentwater, sheringham, tessellation,
    chiaroscuro, cyanotype, daguerreotype, solarisation, photogram, bioluminescence, stalactites,
    caravanserai, balustrade, buttresses, wanderlust, weltschmerz, spiegelung, strassenbahn,
    coucherdesoleil, tramonto
"""
# A change of it changes the tables of protocols, and needs new versions of these.
WORD_LIST = "e7cb4ba8adce897f6d8791416b4a2d369c3a2d20e61d47007ce855d585abc2da"


def listed(text):
    return [" ".join(item.split()) for item in text.split(",")]


def precision_and_recall(compounds, ordinary):
    """Of what is split the share that is split rightly, and of the compounds the share that is."""
    right = sum(split_compound(spaced.replace(" ", "")) == spaced for spaced in listed(compounds))
    words = [spaced.replace(" ", "") for spaced in listed(compounds) + listed(ordinary)]
    return right / sum(" " in split_compound(word) for word in words), right / len(listed(compounds))


def test_what_is_split_is_mostly_split_rightly():
    precision, recall = precision_and_recall(COMPOUNDS, ORDINARY)
    assert precision >= 0.97 and recall >= 0.8
    precision, recall = precision_and_recall(FRESH_COMPOUNDS, FRESH_ORDINARY)
    assert precision >= 0.9 and recall >= 0.8


def test_the_bundled_words_are_in_the_order_of_frequency():
    words = ("the", "year", "house", "bridge", "tree", "sunset", "giraffe", "wheelbarrow", "agapanthus")
    places = [bundled_words().index(word) for word in words]
    assert places == sorted(places) and places[0] == 0


def test_the_list_is_the_one_that_the_protocols_of_version_1_are_made_with():
    assert fingerprint.of_strings(bundled_words(KNOWN)) == WORD_LIST
    assert len(ranks()) == KNOWN


def naive(word):
    """The best of all ways to cut a word; None where there is none."""
    found = []
    for cuts in range(1, len(word) // 2):
        for places in combinations(range(2, len(word) - 1), cuts):
            ends = (0, *places, len(word))
            parts = [word[start:end] for start, end in pairwise(ends)]
            if all(map(is_part, parts)) and not {parts[0], parts[-1]} & {"of", "and"}:
                found.append((math.prod(map(ranks().get, parts)), parts))
    return min(found)[1] if found else None


def is_part(part):
    """The rule in words."""
    rank = ranks().get(part)
    if rank is None or not part.isalpha():
        return False
    return part == "of" if len(part) < 3 else rank <= (6_000 if len(part) == 3 else 30_000)


common = st.sampled_from(
    ["of", "and", "the", "sky", "red", "cat", "old", "sand", "white", "lake", "s", "x"]
)


@given(st.lists(common, min_size=2, max_size=5).map("".join).filter(lambda word: len(word) <= 14))
def test_the_split_is_the_best_of_all(word):
    expected = naive(word) if len(word) >= 8 and word not in ranks() else None
    assert split_compound(word) == (" ".join(expected) if expected else word)


@given(st.text(max_size=80))
def test_parts_joined_give_the_word_back(word):
    if " " not in word:
        assert split_compound(word).replace(" ", "") == word


def test_known_short_and_endless_words_stay():
    for word in ("waterfall", "bluesky", "redskyredsky" * 1000, ""):
        assert split_compound(word) == word
