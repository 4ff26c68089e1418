#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Calls each URL that it reads from standard input, and writes the status that came back. By curl;
# CURL_CA_BUNDLE=ca.pem for a development certificate.
#
# Neither secret nor token is ever an argument: those show in the list of processes.
set -euo pipefail

token='' renew_at=0

# Hundredths of a second, by a clock that nobody sets.
now() {
    local up
    read -r up _ </proc/uptime
    echo "${up/./}"
}

# What stands in a JSON text under a name: a text without quotes in it, or a number.
member() {
    sed -n "s/.*\"$2\" *: *\"\{0,1\}\([^\",}]*\).*/\1/p" <<<"$1"
}

ask() {
    local asked body life early
    asked=$(now)
    body=$(curl --silent --show-error --fail-with-body --max-time 10 "$TOKEN_URL" \
        --data grant_type=client_credentials --data-urlencode "client_id=$CLIENT_ID" \
        --data-urlencode "client_secret@"<(tr -d '\r\n' <"$SECRET_FILE")) || {
        echo "no token: $body" >&2
        return 1
    }
    token=$(member "$body" access_token)
    life=$(member "$body" expires_in)
    if [ -z "$token" ] || [ -z "$life" ]; then
        echo "no token: the answer has none" >&2
        return 1
    fi
    early=$((life * 20 < 3000 ? life * 20 : 3000))
    renew_at=$((asked + life * 100 - early))
}

# The status and what WWW-Authenticate says.
send() {
    printf 'Authorization: Bearer %s\n' "$token" |
        curl --silent --show-error --max-time 30 --header @- --output /dev/null \
            --write-out '%{http_code} %header{www-authenticate}' "$1"
}

while read -r url; do
    if [ -z "$token" ] || [ "$(now)" -ge "$renew_at" ]; then
        ask
    fi
    answer=$(send "$url")
    case $answer in
    *'error="invalid_token"'*)
        ask
        answer=$(send "$url")
        ;;
    esac
    echo "${answer%% *}"
done
