//! A small tree in the syntax of the official ones, with texts of its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use alipay_codegen::{Catalogue, Unpacked, pack};

use super::super::digest;
use super::super::news::{News, news};
use super::read;

const GET_REQUEST: &str = r#"using System;
using Aop.Api.Response;

namespace Aop.Api.Request
{
    /// <summary>
    /// AOP API: alipay.shop.thing.get
    /// </summary>
    public class AlipayShopThingGetRequest : IAopRequest<AlipayShopThingGetResponse>
    {
        /// <summary>
        /// 取一件东西
        /// </summary>
        public string BizContent { get; set; }

        /// <summary>
        /// 语言，两个字母
        /// </summary>
        public string Locale { get; set; }

        #region IAopRequest Members
        private AopObject bizModel;

        public string GetApiName()
        {
            return "alipay.shop.thing.get";
        }

        public IDictionary<string, string> GetParameters()
        {
            AopDictionary parameters = new AopDictionary();
            parameters.Add("biz_content", this.BizContent);
            parameters.Add("locale", this.Locale);
            return parameters;
        }
        #endregion
    }
}
"#;

const GET_MODEL: &str = r#"using System;
using System.Xml.Serialization;

namespace Aop.Api.Domain
{
    /// <summary>
    /// AlipayShopThingGetModel Data Structure.
    /// </summary>
    [Serializable]
    public class AlipayShopThingGetModel : AopObject
    {
        /// <summary>
        /// 东西编号。每一件
        /// 都有
        /// </summary>
        [XmlElement("thing_id")]
        public string ThingId { get; set; }

        /// <summary>
        /// 零件
        /// </summary>
        [XmlArray("parts")]
        [XmlArrayItem("part")]
        public List<Part> Parts { get; set; }

        /// <summary>
        /// 数量
        /// </summary>
        [XmlElement("size")]
        public Nullable<long> Size { get; set; }
    }
}
"#;

const PART: &str = r#"namespace Aop.Api.Domain
{
    [Serializable]
    public class Part : AopObject
    {
        /// <summary>
        /// 重量
        /// </summary>
        [XmlElement("weight")]
        public double Weight { get; set; }

        /// <summary>
        /// 里面的零件
        /// </summary>
        [XmlElement("inner")]
        public Part Inner { get; set; }
    }
}
"#;

const GET_RESPONSE: &str = r#"namespace Aop.Api.Response
{
    public class AlipayShopThingGetResponse : AopResponse
    {
        /// <summary>
        /// 颜色
        /// </summary>
        [XmlElement("colour")]
        public string Colour { get; set; }
    }
}
"#;

const UPLOAD_REQUEST: &str = r#"namespace Aop.Api.Request
{
    public class AlipayShopImageUploadRequest : IAopUploadRequest<AlipayShopImageUploadResponse>
    {
        /// <summary>
        /// 图片
        /// </summary>
        public FileItem Image { get; set; }

        #region IAopRequest Members
        public string GetApiName(){
            return "alipay.shop.image.upload";
        }

        public IDictionary<string, string> GetParameters()
        {
            AopDictionary parameters = new AopDictionary();
            return parameters;
        }

        public IDictionary<string, FileItem> GetFileParameters()
        {
            IDictionary<string, FileItem> parameters = new Dictionary<string, FileItem>();
            parameters.Add("image", this.Image);
            return parameters;
        }
        #endregion
    }
}
"#;

const API: &str = r"<?php
class AlipayShopThingApi
{
    /**
     * Operation get
     *
     * 取东西
     *
     * @param  \Alipay\OpenAPISDK\Model\AlipayShopThingGetModel $alipayShopThingGetModel (optional)
     *
     * @return \Alipay\OpenAPISDK\Model\AlipayShopThingGetResponseModel|\Alipay\OpenAPISDK\Model\AlipayShopThingGetDefaultResponse
     */
    public function get($alipayShopThingGetModel = null)
    {
        return null;
    }

    public function getRequest($thingId = null, $alipayShopThingGetModel = null)
    {
        $resourcePath = '/v3/alipay/shop/thing/{thing_id}';
        $queryParams = array_merge($queryParams, ObjectSerializer::toQueryValue(
            $authToken,
            'auth_token', // param base name
            'string', // openApiType
        ) ?? []);
        $resourcePath = str_replace(
            '{' . 'thing_id' . '}',
            ObjectSerializer::toPathValue($thingId),
            $resourcePath
        );
        $headers = $this->headerSelector->selectHeaders(
            ['application/json'],
            ['application/json']
        );
        $this->alipayConfigUtil->sign('POST', $url, $signContent, $headers);
        return new Request('POST');
    }
}
";

const V3_MODEL: &str = r"<?php
class AlipayShopThingGetModel
{
    protected static $attributeMap = [
        'parts' => 'parts',
        'notifyUrl' => 'notify_url'
    ];
}
";

const ERRORS: &str = r"<?php
class AlipayShopThingGetErrorResponseModel
{
    public const CODE_GONE = 'SHOP.GONE';
    public const CODE_SYSTEM_ERROR = 'SYSTEM_ERROR';
}
";

/// Writes the tree, with a text in one file replaced by another.
fn tree(folder: &Path, changed: &str, old: &str, new: &str) {
    for (path, text) in [
        ("v2/AlipaySDKNet/Request/AlipayShopThingGetRequest.cs", GET_REQUEST),
        (
            "v2/AlipaySDKNet/Request/AlipayShopImageUploadRequest.cs",
            UPLOAD_REQUEST,
        ),
        ("v2/AlipaySDKNet/Domain/AlipayShopThingGetModel.cs", GET_MODEL),
        ("v2/AlipaySDKNet/Domain/Part.cs", PART),
        ("v2/AlipaySDKNet/Response/AlipayShopThingGetResponse.cs", GET_RESPONSE),
        (
            "v2/AlipaySDKNet/Response/AlipayShopImageUploadResponse.cs",
            "public class AlipayShopImageUploadResponse : AopResponse\n{\n}\n",
        ),
        ("v3/src/Api/AlipayShopThingApi.php", API),
        ("v3/src/Model/AlipayShopThingGetModel.php", V3_MODEL),
        ("v3/src/Model/AlipayShopThingGetErrorResponseModel.php", ERRORS),
    ] {
        let text = if path.ends_with(changed) && !changed.is_empty() {
            assert!(text.contains(old), "{path} has no {old}");
            text.replacen(old, new, 1)
        } else {
            text.to_owned()
        };
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // As Windows ends lines.
        fs::write(path, text.replace('\n', "\r\n")).unwrap();
    }
}

/// What was known before: one method that is there still, one that is gone.
const OLD: Catalogue<'_> = Catalogue {
    methods: "{\"method\":\"alipay.shop.thing.get\",\"biz_content\":[{\"name\":\"thing_id\",\"type\":\"string\"},{\"name\":\"size\",\"type\":\"string\"},{\"name\":\"old\",\"type\":\"string\"}],\"response\":[{\"name\":\"colour\",\"type\":\"string\"}],\"error_codes\":[\"SHOP.OLD\"]}\n{\"method\":\"alipay.shop.thing.lose\"}\n",
    types: "",
    fields: "{\"method\":\"alipay.shop.thing.get\",\"title_zh\":\"查询东西\",\"fields\":{\"request\":{\"thing_id\":{\"label_zh\":\"编号\",\"max_length\":64,\"example\":\"1\"},\"old\":{\"label_zh\":\"旧\"}}}}\n",
    type_facts: "",
    kinds: "method\tkinds\nalipay.shop.thing.lose\tpage\n",
    keys: "",
    differences: "",
};

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn a_tree_becomes_a_catalogue_and_what_was_known_stays() {
    let folder = tempfile::tempdir().unwrap();
    tree(folder.path(), "", "", "");
    let (texts, problems) = read(&[folder.path().to_owned()], &OLD).unwrap();
    assert!(problems.is_empty(), "{problems}");
    let unpacked = Unpacked::read(&pack(&texts.catalogue()).unwrap()).unwrap();
    let catalogue = unpacked.catalogue();
    let both = names(&["alipay.shop.thing.get", "alipay.shop.image.upload"]);
    assert_eq!(catalogue.names().unwrap(), both);
    let digest = digest::write(&catalogue.outline(&both).unwrap());
    let lines: Vec<&str> = digest.lines().filter(|line| !line.starts_with('#')).collect();
    let expected = "method alipay.shop.image.upload upload
  > image:file file
method alipay.shop.thing.get server
  v3 POST /v3/alipay/shop/thing/{thing_id}
  v3-query auth_token
  v3-only auth_token notify_url
  v3-without locale size
  > locale top_level
  > parts:Part[]
  > size:int
  > thing_id max_length=64
  < colour
  ! SHOP.GONE
  ! SYSTEM_ERROR
type Part
  - inner:Part
  - weight:float";
    assert_eq!(lines.join("\n"), expected);
    let titles = catalogue.titles().unwrap();
    assert_eq!(titles["alipay.shop.thing.get"].as_deref(), Some("查询东西"));
    for known in [
        r#""thing_id":{"example":"1","label_zh":"编号","max_length":64}"#,
        r#""locale":{"label_zh":"语言"}"#,
        r#""image":{"label_zh":"图片"}"#,
    ] {
        assert!(catalogue.fields.contains(known), "{}", catalogue.fields);
    }
    assert!(
        !catalogue.fields.contains("每一件") && !catalogue.fields.contains("旧"),
        "{}",
        catalogue.fields
    );
}

#[test]
fn what_is_new_changed_or_gone_is_said() {
    let folder = tempfile::tempdir().unwrap();
    tree(folder.path(), "", "", "");
    let (texts, _) = read(&[folder.path().to_owned()], &OLD).unwrap();
    let described = names(&["alipay.shop.thing.get", "alipay.shop.thing.lose"]);
    let found = news(&OLD, &texts.catalogue(), &described).unwrap();
    let expected = News {
        methods: vec![
            "new: alipay.shop.image.upload".to_owned(),
            "gone: alipay.shop.thing.lose, which has a spec".to_owned(),
        ],
        fields: [
            "error SHOP.GONE new: SHOP.GONE",
            "error SHOP.OLD gone: SHOP.OLD",
            "error SYSTEM_ERROR new: SYSTEM_ERROR",
            "request locale new: locale top_level",
            "request old gone: old",
            "request parts new: parts:Part[]",
            "request size was size, is size:int",
            "v3 new: POST /v3/alipay/shop/thing/{thing_id}",
            "v3-only new: auth_token notify_url",
            "v3-query new: auth_token",
            "v3-without new: locale size",
        ]
        .map(|line| format!("alipay.shop.thing.get {line}"))
        .to_vec(),
        others: 0,
    };
    assert_eq!(found, expected);
    let found = news(&OLD, &texts.catalogue(), &BTreeSet::new()).unwrap();
    assert_eq!((found.fields.len(), found.others), (0, 1));
    assert_eq!(news(&OLD, &OLD, &described).unwrap(), News::default());
}

#[test]
fn what_is_not_understood_is_reported() {
    for (file, old, new, expected) in [
        (
            "Part.cs",
            "public double Weight { get; set; }",
            "public double Weight { get; }",
            "Part.cs:10: not understood: public double Weight { get; }",
        ),
        (
            "Part.cs",
            "[Serializable]",
            "[Obsolete]",
            "Part.cs:3: not understood: [Obsolete]",
        ),
        (
            "Part.cs",
            "[XmlElement(\"inner\")]",
            "protected int inner;",
            "Part.cs:15: not understood: protected int inner;",
        ),
        (
            "Part.cs",
            "[XmlElement(\"inner\")]\n",
            "",
            "Part.cs:15: the property Inner has no name on the wire",
        ),
        (
            "GetResponse.cs",
            "[XmlElement(\"colour\")]\n",
            "",
            "GetResponse.cs:8: the property Colour has no name on the wire",
        ),
        (
            "Part.cs",
            "public Part Inner",
            "public Screw Inner",
            "Domain/Screw.cs:1: the file is missing",
        ),
        (
            "ThingGetRequest.cs",
            "this.Locale",
            "this.Language",
            "ThingGetRequest.cs:33: not understood: parameters.Add(\"locale\", this.Language);",
        ),
        (
            "ThingGetRequest.cs",
            "return \"alipay.shop.thing.get\";",
            "return name;",
            "ThingGetRequest.cs:1: the request does not say which method it is of",
        ),
        (
            "ThingGetRequest.cs",
            "return \"alipay.shop.thing.get\";",
            "return \"alipay.shop.image.upload\";",
            "ThingGetRequest.cs:1: alipay.shop.image.upload has another file too",
        ),
        (
            "ThingApi.php",
            "->sign('POST'",
            "->sign($verb",
            "ThingApi.php:18: not understood: public function getRequest($thingId = null, $alipayShopThingGetModel = null)",
        ),
        (
            "ThingApi.php",
            "'auth_token', // param",
            "$name, // param",
            "ThingApi.php:18: not understood: public function getRequest($thingId = null, $alipayShopThingGetModel = null)",
        ),
        (
            "ThingApi.php",
            "GetDefaultResponse",
            "GetResponse",
            "ThingApi.php:18: not understood: public function getRequest($thingId = null, $alipayShopThingGetModel = null)",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        tree(folder.path(), file, old, new);
        let (_, problems) = read(&[folder.path().to_owned()], &OLD).unwrap();
        let found = problems.to_string();
        assert!(
            found.lines().any(|line| line.ends_with(expected)),
            "{file}: {expected}\n{found}"
        );
    }
}

#[test]
fn what_is_missing_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    tree(folder.path(), "", "", "");
    fs::remove_file(
        folder
            .path()
            .join("v2/AlipaySDKNet/Response/AlipayShopThingGetResponse.cs"),
    )
    .unwrap();
    fs::remove_file(
        folder
            .path()
            .join("v3/src/Model/AlipayShopThingGetErrorResponseModel.php"),
    )
    .unwrap();
    let (_, problems) = read(&[folder.path().to_owned()], &OLD).unwrap();
    let found = problems.to_string();
    let found: Vec<&str> = found.lines().collect();
    assert!(
        found.len() == 2
            && found[0].ends_with("Response/AlipayShopThingGetResponse.cs is missing")
            && found[1].contains("ThingApi.php:18: not understood: public function getRequest("),
        "{problems}"
    );
    let empty = tempfile::tempdir().unwrap();
    let error = read(&[empty.path().to_owned()], &OLD).err().unwrap();
    assert!(error.contains("has neither the official .NET SDK's"), "{error}");
}

/// A class whose name is the system's too, and a method that only V3 has.
#[test]
fn what_is_rare_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    tree(
        folder.path(),
        "Part.cs",
        "public Part Inner",
        "public Aop.Api.Domain.Part Inner",
    );
    let (texts, problems) = read(&[folder.path().join("v2")], &OLD).unwrap();
    assert!(problems.is_empty(), "{problems}");
    assert!(
        texts.types.contains(r#"{"name":"inner","type":"Part"}"#),
        "{}",
        texts.types
    );

    let folder = tempfile::tempdir().unwrap();
    let (get, find) = (
        "AlipayShopThingGetDefaultResponse",
        "AlipayShopThingFindDefaultResponse",
    );
    tree(folder.path(), "ThingApi.php", get, find);
    let errors = folder
        .path()
        .join("v3/src/Model/AlipayShopThingFindErrorResponseModel.php");
    fs::write(errors, ERRORS).unwrap();
    let (texts, problems) = read(&[folder.path().to_owned()], &OLD).unwrap();
    assert!(problems.is_empty(), "{problems}");
    assert_eq!(
        problems.left_out,
        ["only in V3, and left out: POST /v3/alipay/shop/thing/{thing_id}"]
    );
    assert!(!texts.methods.contains("find"), "{}", texts.methods);
}

#[test]
fn a_second_tree_of_one_kind_is_an_error() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for (below, kind) in [("v2", ".NET"), ("v3", "PHP")] {
        for folder in &folders {
            tree(folder.path(), "", "", "");
        }
        let paths = folders.each_ref().map(|folder| folder.path().join(below));
        let error = read(&paths, &OLD).err().unwrap();
        assert!(
            error.ends_with(&format!("are both trees of the {kind} SDK: name one of them")),
            "{error}"
        );
        for path in paths {
            assert!(error.contains(path.to_str().unwrap()), "{error}");
        }
    }
}

/// What .NET says of a request's content may be a sentence, which is no title.
#[test]
fn a_new_method_has_the_title_of_v3() {
    let folder = tempfile::tempdir().unwrap();
    tree(
        folder.path(),
        "ThingGetRequest.cs",
        "取一件东西",
        "取一件东西。没有的时候是错误。",
    );
    let old = Catalogue { fields: "", ..OLD };
    let title = |trees: &[PathBuf]| {
        let (texts, problems) = read(trees, &old).unwrap();
        assert!(problems.is_empty(), "{problems}");
        let unpacked = Unpacked::read(&pack(&texts.catalogue()).unwrap()).unwrap();
        unpacked
            .catalogue()
            .titles()
            .unwrap()
            .remove("alipay.shop.thing.get")
            .unwrap()
    };
    assert_eq!(title(&[folder.path().to_owned()]).as_deref(), Some("取东西"));
    assert_eq!(title(&[folder.path().join("v2")]), None);
    tree(folder.path(), "", "", "");
    assert_eq!(title(&[folder.path().join("v2")]).as_deref(), Some("取一件东西"));
}
