"""Why a check came out as it did: every code there is, in words. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vault.vetting.findings import Texts, said

REASONS: Final[Mapping[str, Texts]] = MappingProxyType(
    {
        "not-registered": said("There is no organisation with this credit code.", "没有使用该信用代码的机构。"),
        "other-name": said("It is registered under another name.", "登记名称不同。"),
        "not-in-business": said("It is not in business.", "机构不在业。"),
        "person-not-on-record": said("None of the responsible persons is on record.", "所列负责人均不在登记信息中。"),
        "listed": said("It is on the list.", "已列入名单。"),
        "source-unavailable": said(
            "The register did not answer in a way that can be believed.", "登记来源未作出可信的答复。"
        ),
        "loopback": said("A loopback address: nobody else can be there.", "回环地址：他人无法使用。"),
        "name-not-found": said("The name of the host does not resolve.", "主机名无法解析。"),
        "private-address": said("The host is not at a public address.", "主机不在公网地址上。"),
        "no-connection": said("The host does not answer.", "主机没有响应。"),
        "timeout": said("The host took too long.", "主机响应超时。"),
        "tls": said("The host has no valid certificate.", "主机没有有效证书。"),
        "redirect": said("The host answered with a redirect, which is not followed.", "主机返回了重定向，不予跟随。"),
        "status": said("The host answered with another status than 200.", "主机返回的状态码不是200。"),
        "too-large": said("The answer is too large.", "答复过大。"),
        "encoded": said("The answer is compressed, which was not asked for.", "答复被压缩，并非所要求的形式。"),
        "not-http": said("What answered does not speak HTTP.", "对方使用的不是HTTP。"),
        "host-overloaded": said("The host answered that it cannot serve just now.", "主机表示暂时无法提供服务。"),
        "other-port": said("Only port 443 is looked at.", "只检查443端口。"),
        "token-missing": said("The file does not hold the token.", "文件中没有该令牌。"),
        "content-differs": said("The page has another content than was declared.", "页面内容与申报的不同。"),
        "no-digest": said("No digest was declared for this page.", "未申报该页面的摘要。"),
        "weak-key": said("The key is too weak.", "密钥强度不足。"),
        "small-factor": said("The key's modulus has a small factor.", "密钥的模数含有小因子。"),
        "close-primes": said("The primes of the key are too close to each other.", "密钥的两个素数过于接近。"),
        "not-a-key": said("The key cannot be read.", "无法读取该密钥。"),
    }
)
