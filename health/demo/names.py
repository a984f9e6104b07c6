"""Names of the demo fleet: companies that do not exist, each with an external id under `.example` and a home time zone.

Some names are not ASCII, because a screen must also sort and measure such names: `casefold` puts "van der Velde" beside
"VanArsdel", and "株式会社サンプル" is twice as wide as its number of characters.
"""

from __future__ import annotations

from itertools import chain, zip_longest
from math import gcd
from typing import Final, NamedTuple


class DemoName(NamedTuple):
    """The name of a demo tenant. `timezone` is the IANA name of the zone in which its runs are planned."""

    name: str
    external_id: str
    timezone: str


class _Part(NamedTuple):
    """A part of a name, its spelling in an external id, and its time zone (None: the company's own)."""

    name: str
    slug: str
    timezone: str | None = None


_COMPANIES: Final = (
    _Part("Contoso", "contoso", "Europe/Berlin"),
    _Part("Fabrikam", "fabrikam", "America/New_York"),
    _Part("Northwind Traders", "northwind", "Europe/London"),
    _Part("Adventure Works", "adventure-works", "America/Los_Angeles"),
    _Part("Tailspin Toys", "tailspin", "America/Chicago"),
    _Part("Wingtip Toys", "wingtip", "Europe/Stockholm"),
    _Part("A. Datum", "adatum", "America/New_York"),
    _Part("Litware", "litware", "Europe/Amsterdam"),
    _Part("Woodgrove Bank", "woodgrove", "Europe/London"),
    _Part("Proseware", "proseware", "Europe/Paris"),
    _Part("Trey Research", "trey-research", "Australia/Sydney"),
    _Part("Lucerne Publishing", "lucerne", "Europe/Zurich"),
    _Part("Margie's Travel", "margies-travel", "Asia/Singapore"),
    _Part("Coho Winery", "coho-winery", "America/Los_Angeles"),
    _Part("Coho Vineyard", "coho-vineyard", "America/Los_Angeles"),
    _Part("Consolidated Messenger", "consolidated-messenger", "Europe/London"),
    _Part("Alpine Ski House", "alpine-ski-house", "Europe/Zurich"),
    _Part("City Power & Light", "city-power-light", "America/Chicago"),
    _Part("Fourth Coffee", "fourth-coffee", "America/Sao_Paulo"),
    _Part("Graphic Design Institute", "graphic-design", "Europe/Paris"),
    _Part("Humongous Insurance", "humongous", "America/New_York"),
    _Part("School of Fine Art", "fine-art", "Europe/Madrid"),
    _Part("Southridge Video", "southridge", "America/Toronto"),
    _Part("The Phone Company", "phone-company", "Africa/Johannesburg"),
    _Part("VanArsdel", "vanarsdel", "Europe/Amsterdam"),
    _Part("Wide World Importers", "wide-world-importers", "Asia/Singapore"),
    _Part("Bellows College", "bellows", "America/Toronto"),
    _Part("Best For You Organics", "bestforyou", "Australia/Sydney"),
    _Part("First Up Consultants", "first-up", "Europe/London"),
    _Part("Fincher Architects", "fincher", "Europe/Stockholm"),
    _Part("Relecloud", "relecloud", "Asia/Kolkata"),
    _Part("Lamna Healthcare", "lamna", "America/Chicago"),
    _Part("Munson's Pickles", "munsons", "America/New_York"),
    _Part("Nod Publishers", "nod-publishers", "Europe/Berlin"),
    _Part("Tasmanian Traders", "tasmanian-traders", "Australia/Sydney"),
    _Part("Baldwin Museum", "baldwin-museum", "Europe/London"),
    _Part("Terra Firm", "terra-firm", "Europe/Amsterdam"),
    _Part("Saltmarsh Ferries", "saltmarsh-ferries", "Europe/Stockholm"),
    _Part("Blue Lantern Airways", "blue-lantern", "Asia/Dubai"),
    _Part("Harbour & Hale", "harbour-hale", "Europe/London"),
    _Part("Juniper Ridge Dental", "juniper-ridge", "America/Los_Angeles"),
    _Part("Kestrel Instruments", "kestrel", "Europe/Berlin"),
    _Part("Orchard Lane Schools", "orchard-lane", "Australia/Sydney"),
    _Part("Quillfeather Press", "quillfeather", "Europe/London"),
    _Part("Undercroft Mining", "undercroft", "Africa/Johannesburg"),
    _Part("Zephyr Freight", "zephyr", "Asia/Singapore"),
)
_LOCAL: Final = (
    _Part("Müller & Söhne", "mueller-soehne", "Europe/Berlin"),
    _Part("株式会社サンプル", "sample-kk", "Asia/Tokyo"),
    _Part("Ångström Energi", "angstrom-energi", "Europe/Stockholm"),
    _Part("Café Lumière", "cafe-lumiere", "Europe/Paris"),
    _Part("van der Velde Logistiek", "vandervelde", "Europe/Amsterdam"),
    _Part("Łódzkie Zakłady Przykładowe", "lzp", "Europe/Warsaw"),
    _Part("Großhandel Weiß", "grosshandel-weiss", "Europe/Vienna"),
    _Part("Niño y Compañía", "nino", "America/Mexico_City"),
    _Part("Пример Северные Линии", "primer-sever", "Europe/Sofia"),
    _Part("İstanbul Örnek Tekstil", "ornek", "Europe/Istanbul"),
    _Part("Παράδειγμα Ναυτιλιακή", "paradeigma", "Europe/Athens"),
    _Part("예시 주식회사", "yesi", "Asia/Seoul"),
)
_REGIONS: Final = (
    _Part("EMEA", "emea", "Europe/Berlin"),
    _Part("Nordics", "nordics", "Europe/Stockholm"),
    _Part("UK", "uk", "Europe/London"),
    _Part("Iberia", "iberia", "Europe/Madrid"),
    _Part("France", "france", "Europe/Paris"),
    _Part("DACH", "dach", "Europe/Zurich"),
    _Part("Benelux", "benelux", "Europe/Amsterdam"),
    _Part("Poland", "poland", "Europe/Warsaw"),
    _Part("Americas", "americas", "America/New_York"),
    _Part("Canada", "canada", "America/Toronto"),
    _Part("US West", "us-west", "America/Los_Angeles"),
    _Part("US Central", "us-central", "America/Chicago"),
    _Part("Brasil", "brasil", "America/Sao_Paulo"),
    _Part("México", "mexico", "America/Mexico_City"),
    _Part("Japan", "japan", "Asia/Tokyo"),
    _Part("India", "india", "Asia/Kolkata"),
    _Part("APAC", "apac", "Asia/Singapore"),
    _Part("ANZ", "anz", "Australia/Sydney"),
    _Part("Gulf", "gulf", "Asia/Dubai"),
    _Part("Africa", "africa", "Africa/Johannesburg"),
)
_INDUSTRIES: Final = (
    _Part("Retail", "retail"),
    _Part("Manufacturing", "manufacturing"),
    _Part("Logistics", "logistics"),
    _Part("Health", "health"),
    _Part("Finance", "finance"),
    _Part("Energy", "energy"),
    _Part("Research", "research"),
    _Part("Pharma", "pharma"),
    _Part("Media", "media"),
    _Part("Insurance", "insurance"),
    _Part("Education", "education"),
    _Part("Foods", "foods"),
    _Part("Mobility", "mobility"),
    _Part("Labs", "labs"),
    _Part("Aerospace", "aerospace"),
    _Part("Hospitality", "hospitality"),
)


def demo_name(index: int, total: int) -> DemoName:
    """The name of tenant `index` of `total` (`0 <= index < total`). All names differ, and neighbours are never alike.

    The first names of the stock are always used first, so that a small fleet has the short ones. A stride through them
    makes the order of names differ from the order of ids.
    """
    return _stocked((index * _stride(total) + total // 3) % total)


def _stride(total: int) -> int:
    stride = max(1, int(total * 0.618))
    while gcd(stride, total) != 1:
        stride += 1
    return stride


# One local name after every third company, then every company by division, then by region and industry.
_ALONE: Final = tuple(
    part
    for part in chain.from_iterable(
        zip_longest(_COMPANIES[0::4], _COMPANIES[1::4], _COMPANIES[2::4], _LOCAL, _COMPANIES[3::4])
    )
    if part is not None
)
_DIVISIONS: Final = tuple(chain.from_iterable(zip_longest(_REGIONS, _INDUSTRIES)))
_BY_DIVISION: Final = tuple(part for part in _DIVISIONS if part is not None)
_STOCK: Final = len(_ALONE) + len(_COMPANIES) * (len(_BY_DIVISION) + len(_REGIONS) * len(_INDUSTRIES))


def _stocked(place: int) -> DemoName:
    """Name number `place` of the stock. After the last name, the names repeat with numbers."""
    edition, place = divmod(place, _STOCK)
    if place < len(_ALONE):
        return _joined((_ALONE[place],), edition)
    turn, company = divmod(place - len(_ALONE), len(_COMPANIES))
    # The company shifts the turn, so that companies have different divisions already in the first turn.
    if turn < len(_BY_DIVISION):
        return _joined((_COMPANIES[company], _BY_DIVISION[(turn + company) % len(_BY_DIVISION)]), edition)
    industry, region = divmod(turn - len(_BY_DIVISION), len(_REGIONS))
    parts = (
        _COMPANIES[company],
        _REGIONS[(region + company) % len(_REGIONS)],
        _INDUSTRIES[(industry + company) % len(_INDUSTRIES)],
    )
    return _joined(parts, edition)


def _joined(parts: tuple[_Part, ...], edition: int) -> DemoName:
    number = f" {edition + 1}" if edition else ""
    timezone = next(part.timezone for part in (*parts[1:], *parts) if part.timezone is not None)
    return DemoName(
        name=" ".join(part.name for part in parts) + number,
        external_id="-".join(part.slug for part in parts) + number.replace(" ", "-") + ".example",
        timezone=timezone,
    )
