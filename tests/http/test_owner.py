# SPDX-License-Identifier: Apache-2.0
"""nginx runs as the data folder's owner, whoever starts it. What is said of root here holds for an
ordinary user too, who is the owner: what that user may not do stands in for what root's is."""
import contextlib
import os
import pathlib
import pty
import pwd
import re
import shutil
import socket
import subprocess

import pytest
from support.house import MODULE, build, environment
from support.wait import wait_until

NET_BIND_SERVICE = 1 << 10
# Ports below 1024 that no service is known by.
LOW_PORTS = range(700, 740)

WHO = """
#include <stdio.h>
#include <unistd.h>
__attribute__((constructor)) static void tell(void)
{
    FILE *file = fopen(PATH, "a");
    fprintf(file, "%d %d\\n", (int)geteuid(), (int)getegid());
    fclose(file);
}
"""


def is_root():
    return os.geteuid() == 0


@pytest.fixture()
def still(make_house):
    """A house that does not run, with an API."""
    return make_house(start=False)


def status(pid):
    """/proc/PID/status as {name: [words]}."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return {name: rest.split() for name, _, rest in
            (line.partition(":") for line in text.splitlines())}


def starts_with(house):
    """How a process must be that root, or this ordinary user, has started for the house."""
    if not is_root():
        own = status("self")
        return {name: own[name] for name in ("Uid", "Gid", "CapPrm", "CapEff", "CapAmb", "CapBnd",
                                             "NoNewPrivs")}, os.getgroups()
    account = pwd.getpwuid(house.owner())
    one = [f"{NET_BIND_SERVICE:016x}"]
    return {"Uid": [str(account.pw_uid)] * 4, "Gid": [str(account.pw_gid)] * 4, "CapPrm": one,
            "CapEff": one, "CapAmb": one, "CapBnd": one,
            "NoNewPrivs": ["1"]}, os.getgrouplist(account.pw_name, account.pw_gid)


def test_nginx_and_what_attends_it_are_the_owner_and_nothing_more(house):
    want, groups = starts_with(house)
    master = house.nginx_pid()
    assert house.owner() != 0 and master and house.workers()
    for pid in (house.server.pid, master, *house.workers()):
        found = status(pid)
        assert {name: found[name] for name in want} == want, pid
        assert sorted(map(int, found["Groups"])) == sorted(groups), pid


def test_nginx_has_no_terminal_of_who_started_it(house):
    assert os.getsid(house.nginx_pid()) == house.nginx_pid()


def test_nginx_reads_nothing_that_is_typed_where_it_was_started(still):
    leader, terminal = pty.openpty()
    still.server = subprocess.Popen(
        [str(build() / "cli" / "caregate"), "--dir", str(still.dir), "serve"], stdin=terminal,
        stdout=terminal, stderr=terminal, env=environment(), cwd=still.home)
    wait_until(still.workers, what="a worker")
    for pid in (still.server.pid, still.nginx_pid(), *still.workers()):
        assert os.readlink(f"/proc/{pid}/fd/0") == "/dev/null"
        for stream in (1, 2):
            told = pathlib.Path(f"/proc/{pid}/fdinfo/{stream}").read_text(encoding="utf-8")
            flags = int(re.search(r"^flags:\s*(\d+)", told, re.M)[1], 8)
            assert flags & os.O_ACCMODE == os.O_WRONLY, (pid, stream)
    assert os.readlink(f"/proc/{still.nginx_pid()}/fd/2") == os.ttyname(terminal)
    still.stop()
    os.close(terminal)
    os.close(leader)


def test_nginx_gets_no_open_file_and_no_folder_of_roots(still):
    with open(still.home / "kept", "w", encoding="utf-8") as kept:
        still.server = subprocess.Popen(
            [str(build() / "cli" / "caregate"), "--dir", "data", "serve"], env=environment(),
            stderr=subprocess.DEVNULL, cwd=still.home, pass_fds=[kept.fileno()])
        wait_until(still.workers, what="a worker")
        for pid in (still.nginx_pid(), *still.workers()):
            assert os.readlink(f"/proc/{pid}/cwd") == "/"
            had = [os.readlink(path) for path in pathlib.Path(f"/proc/{pid}/fd").iterdir()]
            assert (kept.name in had) != is_root(), had




def low_port():
    """A free port below 1024, and whether this user may listen on it."""
    for port in LOW_PORTS:
        with contextlib.closing(socket.socket()) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except PermissionError:
                return port, False
            except OSError:
                continue
        return port, True
    raise AssertionError("found no free port below 1024")


def listens(port):
    with contextlib.closing(socket.socket()) as link:
        return link.connect_ex(("127.0.0.1", port)) == 0


def listen_low(house):
    port, allowed = low_port()
    house.add_to_http(f"    server {{ listen 127.0.0.1:{port}; return 404; }}")
    return port, allowed


def test_a_port_below_1024_wants_root_or_the_one_capability(still):
    port, allowed = listen_low(still)
    if not allowed:
        done = still.run("serve", json=False)
        assert done.code == 1 and "CAP_NET_BIND_SERVICE" in done.err, done
        return
    still.start()
    assert listens(port)


def test_a_port_below_1024_may_come_with_a_reload(own_house):
    port, allowed = listen_low(own_house)
    done = own_house.run("reload")
    assert (done.code == 0) == allowed, done
    assert listens(port) == allowed


def not_theirs(house):
    """A file that the folder's owner may not write."""
    path = house.home / "not-theirs"
    path.write_text("as it was\n")
    path.chmod(0o400)
    return path


def link_log(house):
    """A log that the owner makes a link to it."""
    log = house.dir / "logs" / "access.log"
    log.unlink(missing_ok=True)
    log.symlink_to(not_theirs(house))
    return log


@pytest.mark.parametrize("verb", ["serve", "check"])
def test_a_log_that_is_a_link_is_not_followed(still, verb):
    log = link_log(still)
    done = still.run(verb, json=False)
    assert done.code == 1
    assert f"{log} is a symbolic link" in done.out + done.err
    assert "chown" not in done.out + done.err, "it would give the file away"
    assert log.read_text() == "as it was\n" or not os.access(log, os.R_OK)


def test_a_log_that_is_a_link_is_not_followed_on_reload(own_house):
    client = own_house.onboard("Ward", "results", "results.read")
    log = link_log(own_house)
    done = own_house.run("reload", json=False)
    assert own_house.token(client)
    assert done.code == 1 and f"{log} is a symbolic link" in done.err
    assert log.read_text() == "as it was\n"


@pytest.fixture()
def spy(tmp_path):
    """Makes a house's nginx.conf load what tells who loads it: spy(house) is how to ask that."""

    def place(house):
        source = tmp_path / "who.c"
        source.write_text(WHO)
        module, told = house.home / "who.so", house.dir / "run" / "who"
        subprocess.run(["cc", "-shared", "-fPIC", f'-DPATH="{told}"', "-o", str(module),
                        str(source)], check=True)
        module.chmod(0o755)
        house.edit("\nthread_pool ", f'\nload_module "{module}";\nthread_pool ')
        return lambda: [tuple(map(int, line.split())) for line in told.read_text().splitlines()]

    return place


@pytest.mark.parametrize("verb", ["serve", "check"])
def test_a_configuration_cannot_steer_the_terminal_where_nginx_refuses_it(still, verb):
    still.edit("\nthread_pool ", "\nodd\033[31m\007 on;\nthread_pool ")
    done = still.run(verb, json=False)
    told = done.out + done.err
    assert done.code == 1 and 'unknown directive "odd?[31m?"' in told, told
    assert not re.search(r"[\0-\x08\x0b-\x1f\x7f]", told), told


def explain(house):
    return house.run("explain", "--client", "nobody", "--api", "results", "--method", "GET")


HOW = {"serve": lambda house: house.run("serve", json=False),
       "check": lambda house: house.run("check"), "explain": explain,
       "reload": lambda house: house.run("reload")}


@pytest.mark.parametrize("how", HOW)
def test_what_a_configuration_loads_runs_as_who_may_change_it(make_house, spy, how):
    house = make_house(start=how == "reload")
    asked = spy(house)
    done = HOW[how](house)
    assert done.code == 1, done
    assert set(asked()) == {(house.owner(), pwd.getpwuid(house.owner()).pw_gid)}


def give_away(path):
    """What root makes somebody's; an ordinary user's is theirs already."""
    if is_root():
        os.chown(path, pwd.getpwnam("nobody").pw_uid, -1, follow_symlinks=False)


def below_somebodys(house):
    give_away(house.home)


def below_open(house):
    house.home.chmod(0o777)


def by_a_link_of_somebodys(house):
    link = house.home / "link"
    link.symlink_to(house.dir)
    give_away(link)
    house.dir = link


@pytest.mark.parametrize("verb", [["serve"], ["check"], ["client", "list"]], ids="-".join)
@pytest.mark.parametrize("stand", [below_somebodys, below_open, by_a_link_of_somebodys])
def test_root_does_nothing_in_its_folder_where_others_could_put_theirs(still, spy, stand, verb):
    """An ordinary user who stands there does nothing that the other could not."""
    spy(still)
    told = still.dir / "run" / "who"
    for path in [still.dir, *still.dir.rglob("*")]:
        os.chown(path, os.geteuid(), os.getegid(), follow_symlinks=False)
    stand(still)
    done = still.run(*verb, json=False)
    assert ("root does nothing in" in done.err) == is_root(), done
    assert told.exists() == (verb != ["client", "list"] and not is_root())
    assert done.code == (1 if is_root() or verb != ["client", "list"] else 0)


@pytest.mark.parametrize("verb", [["serve"], ["check"], ["client", "list"]], ids="-".join)
def test_a_folder_that_is_not_there_is_told(still, verb):
    shutil.rmtree(still.dir)
    done = still.run(*verb, json=False)
    assert done.code == 1 and "`caregate init` makes" in done.err, done
    assert not is_root() or f"there is no data folder {still.dir}" in done.err


def test_an_export_that_fails_leaves_no_file(still):
    """Not where root alone may write, either, while the stores are read as the owner."""
    path = still.home / "audit.jsonl"
    (still.dir / "audit.db").unlink()
    done = still.run("audit", "export", path, json=False)
    assert done.code == 1 and "audit" in done.err
    assert not path.exists()


def test_a_file_that_is_not_the_owners_is_told_with_its_cure(still):
    log = still.dir / "logs" / "access.log"
    log.write_text("")
    log.chmod(0o444)
    done = still.run("serve", json=False)
    user = pwd.getpwuid(still.owner()).pw_name
    cure = f"chown -hR {user}: {still.dir}" if is_root() else "chmod u+rw"
    assert done.code == 1
    assert f"{user}, who runs nginx, may not open {log}; " in done.err and cure in done.err
    assert cure in still.run("check", json=False).out


def test_a_pid_file_that_is_not_the_owners_is_told_with_its_cure(own_house):
    """As a master that is root leaves it: whose process it names is not root's to believe."""
    pid = own_house.dir / "run" / "nginx.pid"
    pid.chmod(0)
    if is_root():
        os.chown(pid, 0, 0)
    for verb in ("stop", "reload"):
        done = own_house.cli(verb, ok=False)
        assert f"may not open {pid}; " in done.err
        assert ("chown -hR" if is_root() else "chmod u+rw") in done.err
    assert own_house.workers()


@pytest.fixture()
def closed(still):
    """A folder that the data folder's owner may not pass through."""
    folder = still.home / "closed"
    folder.mkdir()
    yield folder
    folder.chmod(0o700)


def test_a_module_out_of_reach_is_told_with_its_cure(still, closed):
    module = closed / MODULE
    shutil.copy(build() / "nginx" / MODULE, module)
    closed.chmod(0)
    still.edit(f'"{build()}/nginx/{MODULE}"', f'"{module}"')
    for verb in ("serve", "check"):
        done = still.run(verb, json=False)
        assert done.code == 1
        told = done.out + done.err
        assert f"may not open {module} nor pass through {closed}" in told, told
        assert "make install" in told


def test_a_tls_key_out_of_reach_leads_to_the_guide(still):
    key = still.home / "server.key"
    shutil.copy(still.dir / "tls" / "server.key", key)
    key.chmod(0)
    still.edit("tls/server.key", str(key))
    done = still.run("serve", json=False)
    assert done.code == 1
    assert f"may not open {key};" in done.err and "docs/OPERATOR.md" in done.err


def test_init_warns_of_a_module_that_who_gets_the_folder_cannot_load(still):
    program = still.home / "build"
    for part, name in (("cli", "caregate"), ("nginx", MODULE)):
        (program / part).mkdir(parents=True)
        shutil.copy(build() / part / name, program / part / name)
    (program / "nginx" / MODULE).chmod(0)
    done = subprocess.run([str(program / "cli" / "caregate"), "--dir", str(still.home / "second"),
                           "init"], capture_output=True, text=True, check=False,
                          env=environment())
    assert done.returncode == 0, done.stderr
    assert re.search(rf"^warning: .*{MODULE}", done.stderr, re.M), done.stderr


@pytest.mark.parametrize("verb", ["serve", "check", "stop"])
def test_a_folder_that_its_owner_cannot_get_to_is_told_with_the_barrier(still, verb):
    still.home.chmod(0o700)
    if not is_root():
        assert still.cli("check"), "what is closed to others is not closed to its owner"
        return
    done = still.run(verb, json=False)
    assert done.code == 1
    assert f"pass through {still.home} (chmod o+x)" in done.err


def entrust(folder):
    """Another user's folder, as far as this one can make it so."""
    folder.mkdir()
    folder.chmod(0o750)
    give_away(folder)
    return folder


@pytest.mark.parametrize("stand", [below_somebodys, below_open, by_a_link_of_somebodys])
def test_init_by_root_makes_nothing_where_others_could_lead_it(still, stand):
    shutil.rmtree(still.dir)
    still.dir.mkdir(mode=0o755)
    real, before = still.dir, still.dir.stat()
    stand(still)
    done = still.run("init", "--listen", "127.0.0.1:8443", json=False)
    assert (done.code != 0 and "root does nothing in" in done.err) == is_root(), done
    after = real.stat()
    assert ((after.st_uid, after.st_mode) == (before.st_uid, before.st_mode)) == is_root()
    assert (real / "nginx.conf").exists() != is_root()


def test_init_takes_no_empty_folder_of_somebody_elses(still):
    folder = still.dir = entrust(still.home / "theirs")
    before = folder.stat()
    done = still.run("init", "--listen", "127.0.0.1:8443", json=False)
    assert (done.code == 1) == is_root(), done
    assert (folder.stat().st_uid, folder.stat().st_mode & 0o777) == (
        before.st_uid, 0o750 if is_root() else 0o700)
    assert any(folder.iterdir()) != is_root()


def test_init_takes_an_empty_folder_that_was_made_for_who_gets_it(still):
    account = pwd.getpwuid(still.owner())
    shutil.rmtree(still.dir)
    still.dir.mkdir(mode=0o755)
    os.chown(still.dir, account.pw_uid, account.pw_gid)
    still.init()
    assert still.owner() == account.pw_uid and still.dir.stat().st_mode & 0o777 == 0o700
    still.start()


def test_nginx_conf_names_no_user_unless_root_keeps_the_folder(make_house):
    house = make_house(furnish=False, start=False)
    assert not re.search("^user", (house.dir / "nginx.conf").read_text(), re.M)
    shutil.rmtree(house.dir)
    house.home.chmod(0o700)
    house.init()
    users = re.findall("^user (.*);", (house.dir / "nginx.conf").read_text(), re.M)
    assert users == (['"root"'] if is_root() else [])
    assert house.owner() == os.geteuid()
    house.start()
    assert {status(pid)["Uid"][0] for pid in house.workers()} == {str(os.geteuid())}


def test_nothing_is_amiss_with_a_line_that_names_the_user(still):
    """As older versions wrote it, or for a master that is root."""
    user = pwd.getpwuid(still.owner()).pw_name
    still.edit("\nthread_pool ", f"\nuser {user};\nthread_pool ")
    found = still.cli("check")
    assert [row for row in found if row["level"] != "ok"] == []
    still.start()
    wait_until(still.workers, what="a worker")
