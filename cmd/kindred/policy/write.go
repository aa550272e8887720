package policy

import (
	"encoding/json"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/kindred-k8s/kindred/pkg/fence/policy"
)

// write writes what kubectl apply takes: YAML documents, or one List in JSON.
func write(out io.Writer, policies []policy.Policy, format string) error {
	var objects []map[string]any
	for _, p := range policies {
		for _, object := range []any{p.Policy, p.Binding} {
			plain, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
			if err != nil {
				return fmt.Errorf("encoding %s: %w", p.Policy.Name, err)
			}
			delete(plain, "status") // the API server's
			objects = append(objects, plain)
		}
	}
	if format == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(map[string]any{"apiVersion": "v1", "kind": "List", "items": objects})
	}
	for i, object := range objects {
		text, err := yaml.Marshal(object)
		if err != nil {
			return err
		}
		if i > 0 {
			text = append([]byte("---\n"), text...)
		}
		if _, err := out.Write(text); err != nil {
			return err
		}
	}
	return nil
}
