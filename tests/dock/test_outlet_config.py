import pytest

from listkeep.core.errors import Code, MalformedError
from listkeep.dock.outlet.config import OutletConfig, parse_endpoint, read_outlet
from listkeep.dock.project.config import DockConfig


def refused(**section: object) -> str:
    with pytest.raises(MalformedError) as caught:
        read_outlet(section)
    assert caught.value.code is Code.CONFIG_INVALID
    return caught.value.hint + str(caught.value)


def test_without_a_section_there_is_no_proxy() -> None:
    assert DockConfig().delivery == OutletConfig()
    assert OutletConfig().listen == ""


def test_the_section_is_read_with_the_rest_of_the_file() -> None:
    config = DockConfig(outlet={"listen": "127.0.0.1:2525", "processes": 2})

    assert config.delivery.processes == 2
    assert parse_endpoint(config.delivery.listen) == ("127.0.0.1", 2525)


def test_a_fault_in_the_section_stops_the_whole_dock_at_start() -> None:
    with pytest.raises(MalformedError):
        DockConfig(outlet={"lissen": "127.0.0.1:2525"})


def test_mail_servers_elsewhere_are_not_served_without_a_certificate() -> None:
    assert "certificate" in refused(listen="0.0.0.0:2525")
    assert "certificate" in refused(listen="[2001:db8::1]:2525")
    read_outlet({"listen": "0.0.0.0:25", "certificate": "c.pem", "private_key": "k"})
    read_outlet({"listen": "[::1]:2525"})


@pytest.mark.parametrize(
    "section",
    [
        {"listen": "2525"},
        {"listen": "localhost:2525"},
        {"listen": "127.0.0.1:0"},
        {"listen": "127.0.0.1:65536"},
        {"listen": "127.0.0.1:²"},
        {"resolver": "dns.example"},
        {"certificate": "c.pem"},
        {"private_key": "k.pem"},
        {"processes": 0},
        {"processes": 65},
        {"max_connections": 0},
        {"processes": "two"},
        {"smart_host": "elsewhere.example"},
    ],
    ids=str,
)
def test_what_could_not_work_is_refused(section: dict[str, object]) -> None:
    assert refused(**section)


def test_what_comes_back_is_taken_from_anybody_by_the_proxy() -> None:
    read_outlet({"listen": "127.0.0.1:2525", "returns_listen": "0.0.0.0:25"})

    assert "set listen" in refused(returns_listen="0.0.0.0:25")
    both = "127.0.0.1:2525"
    assert "two addresses" in refused(listen=both, returns_listen=both)
    assert "written as" in refused(listen=both, returns_listen="nowhere")
