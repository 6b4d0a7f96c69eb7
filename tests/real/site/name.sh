#!/bin/sh
# Where the name leads, asked of and told to the zone's own server.
#   name set ADDRESS TTL      lets it lead there, and nowhere else
#   name drop ADDRESS         takes the address out of it
#   name leads ADDRESS [TTL]  exit 0 when it leads there and nowhere else, 1 when not
#   name avoids ADDRESS       exit 0 when it does not lead there, 1 when it does
# Exit 2: the server did not answer.
name=app.@zone@

answers() {
    "@dig@" +noall +answer +tries=1 +time=2 -p @authority@ @127.0.0.1 "$name" A || exit 2
}

update() {
    printf 'server 127.0.0.1 @authority@\nzone @zone@\n%s\nsend\n' "$1" |
        "@nsupdate@" -k "@key@"
}

case "$1" in
set) update "update delete $name A
update add $name $3 A $2" ;;
drop) update "update delete $name A $2" ;;
leads)
    found=$(answers) || exit 2
    echo "$found" | awk -v ttl="${3:-}" -v address="$2" '
        { rows++; if ((ttl == "" || $2 == ttl) && $5 == address) good++ }
        END { exit !(rows == 1 && good == 1) }' ;;
avoids)
    found=$(answers) || exit 2
    echo "$found" | awk -v address="$2" '$5 == address { bad++ } END { exit bad > 0 }' ;;
*) exit 64 ;;
esac
