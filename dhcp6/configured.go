package dhcp6

import (
	"bytes"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/internal/option"
)

// configured are the options of a configuration as the message library has
// them, so that its accessors, such as Preference, work on replies. They are
// made once: parsing them for each reply would take longer than all else that
// is done for it.
type configured map[*option.Option]dhcpv6.Option

func (c configured) note(o *option.Option) { c[o] = optionFrom(o) }

// of returns an option for a reply. One that is not noted is put together for
// the client: that of an enterprise.
func (c configured) of(o *option.Option) dhcpv6.Option {
	if made := c[o]; made != nil {
		return made
	}
	return optionFrom(o)
}

// optionFrom makes an option of the type that the library has for it; generic
// is one whose value it cannot read, or would be written differently.
func optionFrom(o *option.Option) dhcpv6.Option {
	code := dhcpv6.OptionCode(o.Code)
	typed, err := dhcpv6.ParseOption(code, bytes.Clone(o.Value))
	if err != nil {
		return raw(code, o.Value)
	}
	if wire, err := appendOption(nil, typed); err != nil || !bytes.Equal(wire[optionHeader:], o.Value) {
		return raw(code, o.Value)
	}
	return typed
}
