package dhcp6

import "github.com/dhcpha/dhcpha/internal/keajson"

func unsupportedKeys() keajson.Unsupported { return nil }

func (c *Config) dropUnsupported(*keajson.Report) {}
