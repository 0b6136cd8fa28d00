package conf

// Guard limits a shared network, a subnet or a pool to classes of clients,
// and names classes to be evaluated once it has been chosen.
type Guard struct {
	// A client must belong to at least one of these. Empty: no limit.
	ClientClasses []string `json:"client-classes,omitempty"`
	// ClientClass is the form of Kea up to 2.7.3, one class.
	ClientClass string `json:"client-class,omitempty"`

	// Classes that are only evaluated for clients served from here.
	EvaluateAdditionalClasses []string `json:"evaluate-additional-classes,omitempty"`
	// RequireClientClasses is the name of the same in Kea up to 2.7.3.
	RequireClientClasses []string `json:"require-client-classes,omitempty"`
}

// Allowed returns the classes of which a client must belong to at least one;
// none: every client is allowed.
func (g *Guard) Allowed() []string {
	if g.ClientClass != "" {
		return []string{g.ClientClass}
	}
	return g.ClientClasses
}

// Additional returns the classes that are evaluated for clients served from
// here.
func (g *Guard) Additional() []string {
	if len(g.RequireClientClasses) > 0 {
		return g.RequireClientClasses
	}
	return g.EvaluateAdditionalClasses
}
