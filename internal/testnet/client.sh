#!/bin/sh
# The script of all DHCP clients under test: sets the address and reports the
# environment as one file in @DIR@, complete once it has its name. dhcpcd sets
# the address itself; udhcpc gives its word as argument. Delegated prefixes are
# not used.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
case "$1" in ""|-*) ;; *) event=$1; export event ;; esac

if [ -z "$if_up" ]; then # not dhcpcd
	addr=${new_ip_address:-$ip}
	mask=${new_subnet_mask:-$subnet}
	router=${new_routers:-$router}
	code=0
	case "$event$reason" in
	PREINIT*) ip link set "$interface" up ;;
	bound|renew|BOUND|RENEW|REBIND|REBOOT)
		ip -4 addr show dev "$interface" | grep -q " $addr/" || {
			ip -4 addr flush dev "$interface"
			ip addr add "$addr/${mask:-255.255.255.255}" broadcast + dev "$interface"
		}
		[ -z "$router" ] || ip route replace default via "${router%% *}" dev "$interface" ;;
	deconfig|nak|EXPIRE|FAIL|RELEASE|STOP|TIMEOUT) ip -4 addr flush dev "$interface" ;;
	BOUND6|RENEW6|REBIND6|REBOOT6)
		if [ -n "$new_ip6_address" ]; then
			ip -6 addr replace "$new_ip6_address/$new_ip6_prefixlen" dev "$interface"
			while state=$(ip -6 -o addr show dev "$interface" to "$new_ip6_address" tentative) && [ -n "$state" ]; do
				case "$state" in *dadfailed*) reason=DECLINE6; code=3; break ;; esac # so dhclient declines it
				sleep 0.1
			done
		fi ;;
	esac
	case "$reason" in EXPIRE6|RELEASE6|STOP6|DECLINE6)
		[ -z "$new_ip6_address$old_ip6_address" ] || ip -6 addr del "${new_ip6_address:-$old_ip6_address}/128" dev "$interface" ;;
	esac
fi

now=$(date +%s%N)
env >"@DIR@/.$now" && mv "@DIR@/.$now" "@DIR@/$now"
exit "${code:-0}"
