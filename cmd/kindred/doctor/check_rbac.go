package doctor

import (
	"fmt"
	"strings"
)

// checkRBAC tells of permissions that the replicas' ServiceAccounts lack.
func checkRBAC(s *state) []Finding {
	var found []Finding
	type key struct {
		component                    component
		account, resource, namespace string
	}
	lacking := map[key]*access{}
	verbs := map[key][]string{}
	var keys []key
	for i, a := range s.access {
		if a.allowed {
			continue
		}
		k := key{a.component, a.account, a.resource, a.namespace}
		if lacking[k] == nil {
			lacking[k] = &s.access[i]
			keys = append(keys, k)
		}
		verbs[k] = append(verbs[k], a.verb)
	}
	for _, k := range keys {
		a, list := lacking[k], strings.Join(verbs[k], ",")
		f := Finding{
			Severity: Error, Where: k.component.String(),
			What: fmt.Sprintf("%s may not %s %s in namespace %s: it cannot take part in the elections as it should", a.account, list, k.resource, k.namespace),
		}
		if a.optional != "" {
			f.Severity = Info
			f.What = fmt.Sprintf("%s may not %s %s in namespace %s. That is optional: %s", a.account, list, k.resource, k.namespace, a.optional)
		}
		role := k.component.name + "-" + k.resource
		resource := k.resource
		if a.group != "" {
			resource += "." + a.group
		}
		f.Fix = fmt.Sprintf("kubectl create role -n %s %s --resource %s --verb %s", k.namespace, role, resource, list)
		if account, ok := strings.CutPrefix(a.account, serviceAccountPrefix); ok {
			f.Fix += fmt.Sprintf(" && kubectl create rolebinding -n %s %s --role %s --serviceaccount %s", k.namespace, role, role, account)
		}
		found = append(found, f)
	}
	return found
}

// serviceAccountPrefix begins the user name of a ServiceAccount.
const serviceAccountPrefix = "system:serviceaccount:"
