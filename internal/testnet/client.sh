#!/bin/sh
# The script of all DHCP clients under test: sets the address and reports the
# environment as one file in @DIR@, complete once it has its name. dhcpcd sets
# the address itself; udhcpc gives its word as argument.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
case "$1" in ""|-*) ;; *) event=$1; export event ;; esac

if [ -z "$if_up" ]; then # not dhcpcd
	addr=${new_ip_address:-$ip}
	mask=${new_subnet_mask:-$subnet}
	router=${new_routers:-$router}
	case "$event$reason" in
	PREINIT*) ip link set "$interface" up ;;
	bound|renew|BOUND|RENEW|REBIND|REBOOT)
		ip -4 addr show dev "$interface" | grep -q " $addr/" || {
			ip -4 addr flush dev "$interface"
			ip addr add "$addr/${mask:-255.255.255.255}" broadcast + dev "$interface"
		}
		[ -z "$router" ] || ip route replace default via "${router%% *}" dev "$interface" ;;
	deconfig|nak|EXPIRE|FAIL|RELEASE|STOP|TIMEOUT) ip -4 addr flush dev "$interface" ;;
	esac
fi

now=$(date +%s%N)
env >"@DIR@/.$now" && mv "@DIR@/.$now" "@DIR@/$now"
