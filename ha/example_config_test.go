package ha_test

import (
	"fmt"

	"github.com/dhcpha/dhcpha/ha"
)

// The same text serves on both hosts: which of the servers this one is need not
// stand in it.
func ExampleParseConfigs() {
	parameters := []byte(`{"high-availability": [{
		"mode": "hot-standby",
		"max-unacked-clients": 0,
		"peers": [
			{"name": "server1", "url": "http://198.51.100.1:8000/", "role": "primary"},
			{"name": "server2", "url": "http://localhost:8000/", "role": "standby"}]}]}`)
	cfgs, err := ha.ParseConfigs(parameters, nil)
	if err != nil {
		fmt.Println(err) // all mistakes, a line each
		return
	}
	fmt.Println("this is", cfgs[0].ThisServerName)

	// A program may know better.
	cfgs, err = ha.ParseConfigs(parameters, &ha.ParseOptions{ThisServer: "server1"})
	fmt.Println("this is", cfgs[0].ThisServerName, err)
	// Output:
	// this is server2
	// this is server1 <nil>
}

// Every mistake has a path.
func ExampleConfig_Validate() {
	cfg := &ha.Config{
		ThisServerName: "server1",
		Mode:           ha.LoadBalancing,
		Peers: []ha.Peer{
			{Name: "server1", URL: "http://192.0.2.1:8000/", Role: ha.Primary},
			{Name: "server2", URL: "https://192.0.2.2:8000/", Role: ha.Standby},
		},
	}
	fmt.Println(cfg.Validate())
	// Output:
	// ha: configuration: peers[1].url: https needs trust-anchor, cert-file and key-file, here or for the relationship
	// peers[1].role: there is no standby in mode load-balancing
	// peers: there is no secondary, which mode load-balancing needs
}
