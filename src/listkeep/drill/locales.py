"""Tables of eight countries: common names, mailbox providers, codes and numbers.

Names are among the most frequent of their country, so that no pair points at one
person. Provider shares are rounded estimates for consumer lists; what is left is
small organizations, which live under ``.example`` and ``.test``.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Locale:
    """What people of one country look like in a list.

    A name is ``Shown`` or ``Shown=latin`` where taking off accents is not enough.
    In ``postal``, ``9`` stands for any digit.
    """

    country: str
    language: str
    weight: int
    first: str
    last: str
    providers: str
    postal: str
    phone: str


LOCALES: Final = (
    Locale(
        "US",
        "en",
        26,
        "James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth "
        "William Barbara Richard Susan Joseph Jessica Thomas Karen Daniel Sarah "
        "Emily Ashley",
        "Smith Johnson Williams Brown Jones Miller Davis Wilson Anderson Taylor Moore "
        "Jackson Martin Lee Thompson White Harris Clark Lewis Robinson O'Brien Walker",
        "gmail.com:46 yahoo.com:17 hotmail.com:7 outlook.com:6 icloud.com:7 aol.com:6 "
        "msn.com:2 proton.me:1",
        "99999",
        "+1 555 ",
    ),
    Locale(
        "DE",
        "de",
        20,
        "Anna Jürgen=juergen Maria Günther=guenther Sabine Thomas Jörg=joerg Petra "
        "Stefan Käthe=kaethe Andreas Monika Wolfgang Ursula Lukas Lena Felix Leonie "
        "Björn=bjoern Heike Uwe Birgit",
        "Müller=mueller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz "
        "Hoffmann Schäfer=schaefer Koch Bauer Richter Klein Wolf Schröder=schroeder "
        "Neumann Krüger=krueger Weiß=weiss Köhler=koehler Jung",
        "gmail.com:20 gmx.de:18 web.de:19 t-online.de:9 gmx.net:4 outlook.de:3 "
        "hotmail.de:3 hotmail.com:3 yahoo.de:4 icloud.com:4 freenet.de:3",
        "99999",
        "+49 30 ",
    ),
    Locale(
        "FR",
        "fr",
        13,
        "Marie Jean Camille Pierre Léa Nicolas Chloé Julien Élodie François Sophie "
        "Hélène Antoine Émilie Mathieu Céline Lucas Manon Hugo Inès Benoît Aurélie",
        "Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon "
        "Laurent Lefèvre Michel García David Bertrand Roux Vincent Fournier Girard "
        "Lefebvre",
        "gmail.com:38 orange.fr:14 hotmail.fr:9 free.fr:8 yahoo.fr:7 outlook.fr:5 "
        "wanadoo.fr:4 sfr.fr:4 laposte.net:4 icloud.com:2",
        "99999",
        "+33 1 ",
    ),
    Locale(
        "ES",
        "es",
        10,
        "María José=jose Lucía Antonio Carmen Manuel Ana Javier Laura Sergio Ángela "
        "Raúl Sofía Andrés Elena Álvaro Paula Íñigo Marta Adrián Noelia Begoña",
        "García Rodríguez González Fernández López Martínez Sánchez Pérez Gómez Martín "
        "Jiménez Ruiz Hernández Díaz Moreno Muñoz Álvarez Romero Alonso Gutiérrez "
        "Navarro Ibáñez",
        "gmail.com:55 hotmail.com:19 yahoo.es:7 outlook.es:4 outlook.com:2 "
        "hotmail.es:4 icloud.com:2",
        "99999",
        "+34 91 ",
    ),
    Locale(
        "IT",
        "it",
        9,
        "Giulia Marco Francesca Alessandro Chiara Andrea Sara Luca Martina Matteo "
        "Niccolò Elisa Davide Federica Simone Valentina Lorenzo Noemi Riccardo Alice "
        "Paolo Beatrice",
        "Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno "
        "Gallo Conti De=de Costa Giordano Mancini Rizzo Lombardi Moretti D'Angelo",
        "gmail.com:42 libero.it:19 hotmail.it:8 yahoo.it:7 virgilio.it:4 alice.it:4 "
        "tiscali.it:3 outlook.it:3 icloud.com:3",
        "99999",
        "+39 06 ",
    ),
    Locale(
        "PL",
        "pl",
        8,
        "Anna Paweł=pawel Katarzyna Łukasz=lukasz Małgorzata=malgorzata Michał=michal "
        "Agnieszka Krzysztof Zofia Stanisław=stanislaw Barbara Tomasz Ewa Jakub Joanna "
        "Piotr Żaneta=zaneta Marcin Alicja Wojciech Natalia Grzegorz",
        "Nowak Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński "
        "Szymański Woźniak Dąbrowski Kozłowski=kozlowski Jankowski Mazur Kwiatkowski "
        "Krawczyk Kaczmarek Piotrowski Grabowski Pawłowski=pawlowski Michalski Król",
        "gmail.com:37 wp.pl:20 onet.pl:9 o2.pl:10 interia.pl:8 op.pl:4 vp.pl:3 "
        "outlook.com:2",
        "99-999",
        "+48 22 ",
    ),
    Locale(
        "BR",
        "pt",
        8,
        "Ana João=joao Maria José=jose Antônio Francisca Carlos Paulo Adriana Pedro "
        "Juliana Lucas Márcia Luiz Fernanda Marcos Patrícia Gabriel Aline Rafael "
        "Conceição Tânia",
        "Silva Santos Oliveira Souza Rodrigues Ferreira Alves Pereira Lima Gomes Costa "
        "Ribeiro Martins Carvalho Almeida Lopes Soares Araújo Fernandes Vieira Barbosa "
        "Conceição",
        "gmail.com:61 hotmail.com:18 yahoo.com.br:8 outlook.com:4 uol.com.br:3 "
        "bol.com.br:2 icloud.com:2",
        "99999-999",
        "+55 11 ",
    ),
    Locale(
        "JP",
        "ja",
        6,
        "陽菜=hina 翔太=shota 結衣=yui 大輝=daiki 美咲=misaki 健太=kenta 葵=aoi 蓮=ren "
        "さくら=sakura 拓海=takumi 七海=nanami 直樹=naoki 愛=ai 大輔=daisuke "
        "千尋=chihiro 亮=ryo 恵子=keiko 誠=makoto 由美子=yumiko 隆=takashi",
        "佐藤=sato 鈴木=suzuki 高橋=takahashi 田中=tanaka 伊藤=ito "
        "渡辺=watanabe 山本=yamamoto 中村=nakamura 小林=kobayashi 加藤=kato "
        "吉田=yoshida 山田=yamada 佐々木=sasaki 山口=yamaguchi "
        "松本=matsumoto 井上=inoue 木村=kimura "
        "林=hayashi 清水=shimizu 森=mori",
        "gmail.com:40 yahoo.co.jp:22 docomo.ne.jp:10 ezweb.ne.jp:7 icloud.com:8 "
        "softbank.ne.jp:3 outlook.jp:2",
        "999-9999",
        "+81 3 ",
    ),
)

_ORGANIZATIONS = (
    "acme atelier bakery bauhof casa club dental edition farm fit foto garden grafik "
    "hostel immo invest kiosk kita labor law media metal museum nova optik praxis "
    "radio school sport studio textil theater travel verein vino yoga"
)
ORGANIZATIONS: Final = tuple(_ORGANIZATIONS.split())
INTERNATIONAL_DOMAINS: Final = (
    "bäckerei.example",
    "café-münchen.example",
    "größe.example",
    "señal.example",
    "żabka.example",
    "例え.test",
    "пример.test",
    "sjøfart.example",
)
INTERNATIONAL_NAMES: Final = (
    "jürgen",
    "zoë",
    "żaneta",
    "陽菜",
    "пётр",
    "josé",
    "søren",
)
