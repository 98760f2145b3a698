# SPDX-License-Identifier: Apache-2.0
# What quickstart and runtests share; read by bash with "set -eu" on.

# What the servers' user has to read must not depend on the caller's habits; what nobody else may read says so itself.
umask 022

um_die()
{
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

um_is_root()
{
    [ "$(id -u)" -eq 0 ]
}

# um_packages yes|no PACKAGE...: installs the Debian packages that are missing. "no", or another user than root: names
# them and ends, because a build that goes on would fail later with a worse message. Elsewhere than on Debian configure
# tells.
um_packages()
{
    local may=$1 missing= package
    shift
    command -v dpkg-query >/dev/null || return 0
    for package in "$@"; do
        case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
            installed) ;;
            *) missing="$missing $package" ;;
        esac
    done
    [ -n "$missing" ] || return 0
    if [ "$may" != yes ] || ! um_is_root; then
        um_die "Debian packages are missing; as root: apt-get install --no-install-recommends$missing"
    fi
    echo "installing$missing"
    # RUNLEVEL=1: a package that brings a service must not start it here.
    (export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
     { apt-get -q update && apt-get -q -y install --no-install-recommends $missing; } >"$um_log" 2>&1 </dev/null) ||
        { tail -n 20 "$um_log" >&2; um_die "apt-get failed, see $um_log"; }
}

# um_copy_sources FROM TO: brings TO up to date with the sources in FROM, without what a build in FROM may have left
# there: make prefers such leftovers to its own, so a build elsewhere over a configured folder would mix the two.
um_copy_sources()
{
    local from=$1 to=$2
    # configure and make write absolute paths into what they build: of no use after the folder was moved.
    [ ! -d "$to" ] || [ "$(cat "$to/.place" 2>/dev/null)" = "$to" ] || rm -rf "$to"
    mkdir -p "$to"
    printf '%s\n' "$to" >"$to/.place"
    (cd "$from" && find . \
        \( -name .git -o -name .deps -o -path ./build -o -path ./run -o -path './run-*' -o -path ./build-aux -o -path ./autom4te.cache -o -path './mod_usermgmt-[0-9]*' \
        -o -path ./debian/.debhelper -o -path ./debian/libapache2-mod-usermgmt \) -prune -o \
        \( -type f -o -type l \) \
        ! -name '*.o' ! -name '*.a' ! -name '*.gcda' ! -name '*.gcno' ! -name .dirstamp \
        ! -path ./.place ! -path './.sources*' \
        ! -path './debian/*debhelper*' ! -path './debian/*.substvars' ! -path ./debian/files \
        ! -path './debian/autoreconf.*' \
        ! -path ./Makefile ! -path ./Makefile.in ! -path ./configure ! -path './configure~' ! -path ./aclocal.m4 \
        ! -path './config.*' ! -path ./mod_usermgmt.so ! -path ./usermgmt ! -path ./src/store/schema_steps.inc \
        ! -path ./src/http/api/openapi_lines.inc \
        \( ! -path './t/unit/*' -o -name '*.[ch]' \) \( ! -path './t/fuzz/fuzz_*' -o -name '*.[ch]' \) -print) |
        LC_ALL=C sort >"$to/.sources.new"
    if [ -f "$to/.sources" ]; then
        LC_ALL=C comm -23 "$to/.sources" "$to/.sources.new" | (cd "$to" && tr '\n' '\0' | xargs -0 -r rm -f --)
    fi
    # Times are kept, so that make compiles only what has changed.
    tar -C "$from" -cf - --no-recursion -T "$to/.sources.new" | tar -C "$to" -xf - --no-same-owner
    mv "$to/.sources.new" "$to/.sources"
}

# um_build FOLDER "CONFIGURE ARGUMENTS" TARGET...: makes the targets in a copy of the sources, in as few steps as do.
um_build()
{
    local folder=$1 arguments=$2 step
    shift 2
    step=autoreconf
    if (cd "$folder"
        if [ ! -x configure ] || [ configure.ac -nt configure ]; then
            autoreconf -i
            rm -f .configured
        fi
        step=configure
        if [ ! -f .configured ] || [ ! -f Makefile ] || [ "$(cat .configured)" != "$arguments" ]; then
            rm -f .configured
            ./configure $arguments
            printf '%s' "$arguments" >.configured
        fi
        make -j "$(nproc)" "$@") >"$um_log" 2>&1 </dev/null
    then
        return 0
    fi
    grep -E -m 20 "(error|Error):? |\*\*\*|embed-sql: " "$um_log" >&2 || tail -n 20 "$um_log" >&2
    um_die "the build failed, see $um_log"
}

# um_unprivileged: prints the user that servers run as when root starts them.
um_unprivileged()
{
    local user
    for user in www-data nobody; do
        if id -u "$user" >/dev/null 2>&1; then
            echo "$user"
            return 0
        fi
    done
    um_die "neither the user www-data nor nobody exists: httpd must not run as root"
}

# um_trust_folder FOLDER: ends the script when root must not make names in that folder: another user could put links
# there, and root would write to wherever they lead. The owner of the sources is trusted, for root runs their scripts.
um_trust_folder()
{
    local folder=$1 owner group mode
    read -r owner group mode <<<"$(stat -L -c '%u %g %a' "$folder")"
    [ "$owner" -eq 0 ] || [ "$owner" -eq "$(stat -c %u "$here")" ] ||
        um_die "$folder belongs to the user $(stat -L -c %U "$folder"): root does not write there; choose another folder"
    # With the sticky bit others can add names and not change those that are there.
    [ $((8#$mode & 8#1000)) -eq 0 ] || return 0
    [ $((8#$mode & 8#2)) -eq 0 ] && { [ $((8#$mode & 8#20)) -eq 0 ] || [ "$group" -eq 0 ] ||
        [ "$group" -eq "$(stat -c %g "$here")" ]; } ||
        um_die "$folder can be written by other users: root does not write there; choose another folder"
}

# um_trust_way PATH: the same for each folder on the way to a file or folder, which need not exist, and for those of
# links. What leads to the sources is not asked for. For root alone.
um_trust_way()
{
    local rest=$1 at= name target links=0
    um_is_root || return 0
    case $rest in
        /*) ;;
        *) rest=$(pwd -P)/$rest ;;
    esac
    case $rest in
        "$here"/*) at=$here rest=${rest#"$here"/} ;;
    esac
    while um_trust_folder "${at:-/}"; do
        rest=${rest#"${rest%%[!/]*}"}
        name=${rest%%/*}
        rest=${rest#"$name"}
        case $name in
            '') return 0 ;;
            .) continue ;;
            ..) at=${at%/*}; continue ;;
        esac
        if [ -L "$at/$name" ]; then
            case $(stat -c %u "$at/$name") in
                0|"$(stat -c %u "$here")") ;;
                *) um_die "$at/$name is a link that another user has made: root does not follow it" ;;
            esac
            links=$((links + 1))
            [ $links -le 40 ] || um_die "$1: too many links"
            target=$(readlink "$at/$name")
            rest=$target/$rest
            [ "${target#/}" = "$target" ] || at=
        elif [ -d "$at/$name" ]; then
            at=$at/$name
        else
            return 0
        fi
    done
}

# um_copy_logs USER FROM TO: copies the files in a folder of that user's. The user's own rights read them, because the
# user may have put links there; what is no ordinary file, or has an odd name or one that TO has, is left out.
um_copy_logs()
{
    local user=$1 from=$2 to=$3 name as=
    ! um_is_root || as="um_as $user"
    for name in $($as ls "$from" 2>/dev/null); do
        case $name in
            .*|*[!A-Za-z0-9._-]*) continue ;;
        esac
        # A pipe may take a file's place at any time, hence the limit.
        $as test -f "$from/$name" && $as test -r "$from/$name" || continue
        (set -C; $as timeout 60 cat "$from/$name" >"$to/$name") 2>/dev/null || :
    done
}

# um_end_all_of SCRATCH: ends the processes of a run of the tests that uses this folder: each has it in its environment.
# Servers get some seconds to stop.
um_end_all_of()
{
    local round processes signal=TERM
    for round in $(seq 60); do
        processes=$(grep -lszxF "UM_TEST_SCRATCH=$1" /proc/[0-9]*/environ | cut -d / -f 3)
        [ -n "$processes" ] || return 0
        [ "$round" -le 30 ] || signal=KILL
        kill -s "$signal" $processes 2>/dev/null || :
        sleep 0.2
    done
}

# um_open_folder NAME: makes and prints a fresh folder for temporary files that other users can pass through.
um_open_folder()
{
    local parent folder user
    for parent in "${TMPDIR:-/tmp}" /var/tmp; do
        (um_trust_way "$parent") || continue
        folder=$(mktemp -d "$parent/$1.XXXXXX") || continue
        chmod 755 "$folder"
        if ! um_is_root || um_as "$(um_unprivileged)" test -r "$folder/."; then
            echo "$folder"
            return 0
        fi
        rmdir "$folder"
    done
    um_die "no folder for temporary files that an unprivileged user can use"
}

# um_as USER COMMAND...: runs it as that user, with his groups alone.
um_as()
{
    local user=$1
    shift
    setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups "$@"
}
