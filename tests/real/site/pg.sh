#!/bin/sh
# Starts, stops and rebuilds the database server of a region, as its administrator would.
#   pg a start | stop      b likewise; exit 0 when it is so
#   pg a rejoin            stops it, rewinds it to the other server's history, starts it as a standby
#   pg a follows           exit 0 when it is a standby that receives, 1 when not
case "$1" in
a) data=@data-a@ port=@pg-a@ source=@pg-b@ ;;
b) data=@data-b@ port=@pg-b@ source=@pg-a@ ;;
*) exit 64 ;;
esac
cd @home@ || exit 1
dsn="host=127.0.0.1 port=$source user=postgres dbname=postgres"

start() {
    @as@ @bin@/pg_ctl -s -w -D "$data" -l "@home@/$1.log" -o \
        "-p $port -k @home@/sockets-$1 -c listen_addresses=127.0.0.1 -c cluster_name=$1" start
}

stop() {
    @as@ @bin@/pg_ctl -s -w -m fast -D "$data" stop ||
        ! @as@ @bin@/pg_ctl -s -D "$data" status >/dev/null
}

case "$2" in
start) start "$1" ;;
stop) stop ;;
rejoin)
    @bin@/psql -X -q "$dsn" -c "select pg_create_physical_replication_slot('slot_$1')
        where not exists (select 1 from pg_replication_slots where slot_name = 'slot_$1')" &&
        stop &&
        @as@ @bin@/pg_rewind -D "$data" --source-server="$dsn" -R -N &&
        echo "primary_slot_name = 'slot_$1'" | @as@ tee -a "$data/postgresql.auto.conf" &&
        start "$1"
    ;;
follows)
    found=$(@bin@/psql -X -A -t "host=127.0.0.1 port=$port user=postgres dbname=postgres" -c \
        "select count(*) from pg_stat_wal_receiver where status = 'streaming'") || exit 1
    test "$found" = 1
    ;;
*) exit 64 ;;
esac
