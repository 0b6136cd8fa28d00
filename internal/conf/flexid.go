package conf

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dhcpha/dhcpha/internal/class"
	"github.com/dhcpha/dhcpha/internal/option"
)

// FlexIdentifier returns the expression by which Kea's flex_id hook library,
// if it is configured, makes the identifier flex-id.
func FlexIdentifier(libraries []HookLibrary, defs *option.Defs) (*class.Text, error) {
	for _, lib := range libraries {
		if lib.Name() != "libdhcp_flex_id" || len(lib.Parameters) == 0 {
			continue
		}
		var params struct {
			Expression      string `json:"identifier-expression"`
			ReplaceClientID bool   `json:"replace-client-id"`
			IgnoreIAID      bool   `json:"ignore-iaid"`
		}
		if err := json.Unmarshal(lib.Parameters, &params); err != nil {
			return nil, fmt.Errorf("parameters: %w", err)
		}
		if params.ReplaceClientID || params.IgnoreIAID {
			return nil, errors.New("replace-client-id and ignore-iaid are not supported")
		}
		if params.Expression == "" {
			continue
		}
		text, err := class.ParseText(params.Expression, defs)
		if err != nil {
			return nil, fmt.Errorf("identifier-expression: %w", err)
		}
		return text, nil
	}
	return nil, nil
}
