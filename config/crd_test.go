package config_test

import (
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"

	"github.com/kindred-k8s/kindred/config"
)

const kindCount = 5

func crds(t *testing.T) map[string]*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	list, err := config.CRDs()
	if err != nil {
		t.Fatal(err)
	}
	byKind := map[string]*apiextensionsv1.CustomResourceDefinition{}
	for _, crd := range list {
		byKind[crd.Spec.Names.Kind] = crd
	}
	if len(list) != kindCount || len(byKind) != kindCount {
		t.Fatalf("%d definitions of %d kinds, want %d", len(list), len(byKind), kindCount)
	}
	return byKind
}

// structural converts a definition's schema the way the API server does.
func structural(t *testing.T, crd *apiextensionsv1.CustomResourceDefinition) *schema.Structural {
	t.Helper()
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(crd.Spec.Versions[0].Schema.OpenAPIV3Schema, &internal, nil); err != nil {
		t.Fatal(err)
	}
	s, err := schema.NewStructural(&internal)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDefinitionsAreConsistent(t *testing.T) {
	for kind, crd := range crds(t) {
		t.Run(kind, func(t *testing.T) {
			names := crd.Spec.Names
			if names.Singular != strings.ToLower(kind) || names.Plural != names.Singular+"s" || names.ListKind != kind+"List" {
				t.Errorf("names do not belong together: %+v", names)
			}
			if want := names.Plural + "." + crd.Spec.Group; crd.Name != want || crd.Spec.Group != "sample.kindred.dev" {
				t.Errorf("it is called %s, want %s", crd.Name, want)
			}
			if crd.Spec.Scope != apiextensionsv1.NamespaceScoped {
				t.Errorf("its scope is %s", crd.Spec.Scope)
			}
			if len(crd.Spec.Versions) != 1 {
				t.Fatalf("it has %d versions, want one", len(crd.Spec.Versions))
			}
			v := crd.Spec.Versions[0]
			if v.Name != "v1" || !v.Served || !v.Storage || v.Subresources == nil || v.Subresources.Status == nil {
				t.Errorf("version %s is not a served and stored v1 with a status", v.Name)
			}
			var columns []string
			for _, column := range v.AdditionalPrinterColumns {
				columns = append(columns, column.Name)
			}
			if got := strings.Join(columns, " "); got != "Phase Pod Term Age" {
				t.Errorf("its columns are %s", got)
			}
			if errs := schema.ValidateStructural(field.NewPath("schema"), structural(t, crd)); len(errs) > 0 {
				t.Errorf("its schema is not structural: %v", errs.ToAggregate())
			}
		})
	}
}

func TestStatusHoldsWhatTheOperatorWrites(t *testing.T) {
	status := map[string]any{
		"observedGeneration": int64(2), "phase": "Ready", "pod": "pod-0", "term": "uid/3", "reconciles": int64(4),
	}
	samples, err := config.Samples()
	if err != nil {
		t.Fatal(err)
	}
	definitions := crds(t)
	for _, sample := range samples {
		sample.Object["status"] = status
		accepted(t, definitions, sample)
	}
}

func TestSamplesBelongToTheDefinitions(t *testing.T) {
	samples, err := config.Samples()
	if err != nil {
		t.Fatal(err)
	}
	definitions := crds(t)
	perKind := map[string]int{}
	for _, sample := range samples {
		perKind[sample.GetKind()]++
		accepted(t, definitions, sample)
	}
	for kind := range definitions {
		if perKind[kind] < 2 {
			t.Errorf("%d samples of %s, want a few", perKind[kind], kind)
		}
	}
}

// accepted checks that the API server would take an object and drop no field.
func accepted(t *testing.T, definitions map[string]*apiextensionsv1.CustomResourceDefinition, object *unstructured.Unstructured) {
	t.Helper()
	name := object.GetKind() + " " + object.GetName()
	crd := definitions[object.GetKind()]
	if crd == nil || object.GetAPIVersion() != crd.Spec.Group+"/v1" || object.GetName() == "" {
		t.Errorf("%s in %s has no definition", name, object.GetAPIVersion())
		return
	}
	s := structural(t, crd)
	for _, err := range validate.NewSchemaValidator(s.ToKubeOpenAPI(), nil, "", strfmt.Default).Validate(object.Object).Errors {
		t.Errorf("%s is not valid: %v", name, err)
	}
	dropped := pruning.PruneWithOptions(object.DeepCopy().Object, s, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	if len(dropped) > 0 {
		t.Errorf("%s has fields that its definition does not: %v", name, dropped)
	}
}
