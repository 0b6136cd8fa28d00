package dhcp4_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dhcpha/dhcpha/dhcp4"
)

// A large configuration: 1,000 subnets with 100 reservations each.
func BenchmarkParseConfig(b *testing.B) {
	var s strings.Builder
	s.WriteString(`{"Dhcp4": {"subnet4": [`)
	for i := range 1000 {
		fmt.Fprintf(&s, `{"id": %d, "subnet": "10.%d.%d.0/24", "pools": [{"pool": "10.%d.%d.101-10.%d.%d.250"}],
			"option-data": [{"name": "routers", "data": "10.%d.%d.1"}], "reservations": [`,
			i+1, i/256, i%256, i/256, i%256, i/256, i%256, i/256, i%256)
		for j := range 100 {
			fmt.Fprintf(&s, `{"hw-address": "02:00:00:%02x:%02x:%02x", "ip-address": "10.%d.%d.%d", "hostname": "host-%d"},`,
				i/256, i%256, j, i/256, i%256, j+1, j)
		}
		s.WriteString("]},")
	}
	s.WriteString("]}}")
	text := s.String()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dhcp4.ParseConfig(strings.NewReader(text), nil); err != nil {
			b.Fatal(err)
		}
	}
}
