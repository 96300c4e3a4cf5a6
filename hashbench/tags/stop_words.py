"""Words that say how, where or with what a photo was taken or shown, and not what is in it.

All are normalised: lower case, no accents, no spaces.
"""

from __future__ import annotations

_PICTURES = """
    foto fotos fotografia fotografias fotografie image images imagen imagenes img jpeg jpg
    photo photograph photographer photographers photographic photographie photographs photography photos
    photoshop pic pics picture pictures snap snaps snapshot snapshots thumbnail wallpaper
"""
_SITES = """
    album blog explore explored facebook fav fave faved faves favorite favorites favourite favourites flickr
    flickrs http https instagram interesting interestingness upload uploaded www yahoo
"""
# Groups that give awards, or that one gets into by typing their name.
_AWARDS = """
    100v10f abigfave aclass aplusphoto anawesomeshot artisticexpression blueribbonwinner bravo
    colorphotoaward damniwishidtakenthat diamondclassphotographer flickraward flickrdiamond flickrsbest
    goldstaraward impressedbeauty magicdonkey mywinners naturesfinest outstandingshots platinumphoto
    searchandreward searchthebest specanimal superaplus superbmasterpiece supershot theperfectphotographer
    theunforgettablepictures topf25 utata wowiekazowie ysplix
"""
_FUNCTION = """
    a about all an and are as at be but by de for from i in is it its la le me my no not of on or our so
    that the this to we with you your
"""

_BRANDS = """
    canon casio fuji fujifilm hasselblad holga kodak konica leica lensbaby lomo lomography lumix mamiya
    minolta nikkor nikon olympus panasonic pentax polaroid ricoh rollei rolleicord rolleiflex samsung sigma
    sony tamron tokina voigtlander yashica zeiss zenit zuiko
"""
_SERIES = """
    coolpix cybershot dmc dsc dslr easyshare elph eos evolt exilim finepix ixus powershot slr xsi xti
"""
# Words that belong to a camera where they stand beside one, and to something else where they stand alone.
_EXTRAS = """
    af alpha camera digital dx ed ef efs f ii iii is iv kit lens macro mark mk pro rebel s usm vr with x
    xt zoom
"""

STOP_WORDS = frozenset(f"{_PICTURES} {_SITES} {_AWARDS} {_FUNCTION}".split())
CAMERA_BRANDS = frozenset(_BRANDS.split())
CAMERA_SERIES = frozenset(_SERIES.split())
CAMERA_EXTRAS = frozenset(_EXTRAS.split())
