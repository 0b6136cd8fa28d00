package dhcp4

import "github.com/dhcpha/dhcpha/internal/conf"

// params checks the parameters of one level, given what is in effect there.
// Where the mistake lies in values of several levels, it is reported at the
// lowest of them.
func (ck *checker) params(path, level string, own, effective *Params) {
	if level == "" {
		ck.lifetimes(path, own, effective)
	} else {
		ck.Misplaced(path, level, own)
	}
	ck.Params(path, conf.Common[conf.Params](own), conf.Common[conf.Params](effective))
	if own.NextServer != nil && !own.NextServer.Is4() {
		ck.Errorf(conf.At(path, "next-server"), "%s is not an IPv4 address", own.NextServer)
	}
	if s := own.ServerHostname; s != nil && len(*s) > 63 {
		ck.Errorf(conf.At(path, "server-hostname"), "has %d bytes; the field sname takes 63", len(*s))
	}
	if s := own.BootFileName; s != nil && len(*s) > 127 {
		ck.Errorf(conf.At(path, "boot-file-name"), "has %d bytes; the field file takes 127", len(*s))
	}
}

// paramsAlone checks the parameters of a level whose mistakes do not depend on
// what is in effect above it. There may be very many such levels, most without
// any parameter.
func (ck *checker) paramsAlone(path, level string, own *Params) {
	if *own == (Params{}) {
		return
	}
	effective := own.inherit(DefaultParams())
	ck.params(path, level, own, &effective)
}

// lifetimes checks the order of the lifetimes.
func (ck *checker) lifetimes(path string, own, effective *Params) {
	valid := func(p *Params) conf.Lifetime {
		return conf.Lifetime{Name: "valid-lifetime", Least: p.MinValidLifetime, It: p.ValidLifetime, Most: p.MaxValidLifetime}
	}
	ck.Lifetime(path, valid(own), valid(effective))
}
