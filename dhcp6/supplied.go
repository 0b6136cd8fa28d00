package dhcp6

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/internal/option"
)

// suppliedOptions are the options that relay agents may supply: the one that
// IANA's list had from the start (RFC 6440), and those that are configured.
func suppliedOptions(configured []string, defs *option.Defs) (map[uint16]bool, error) {
	codes := map[uint16]bool{uint16(dhcpv6.OptionERPLocalDomainName): true}
	for _, text := range configured {
		if def, ok := defs.ByName("", text); ok {
			codes[def.Code] = true
			continue
		}
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil || n == 0 {
			return nil, fmt.Errorf("relay-supplied-options: %q is neither a code nor the name of an option", text)
		}
		codes[uint16(n)] = true
	}
	return codes, nil
}

// addSupplied adds the options that relay agents supply for the client and that
// the reply has none of (RFC 6422, section 6). Of one that several agents
// supply, or one repeats, the first counts on the way from the client.
func (x *exchange) addSupplied() {
	for _, relay := range slices.Backward(x.in.relays) {
		supplied, _ := relay.option(dhcpv6.OptionRSOO)
		for code, value := range option.V6.Suboptions(supplied) {
			if c := dhcpv6.OptionCode(code); x.p.supplied[code] && !hasOption(x.reply.options(), c) {
				x.add(c, value)
			}
		}
	}
}
