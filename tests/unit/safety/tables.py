"""Texts that the bundled lists have to block, and harmless ones that have to pass."""

EVASIONS = (
    """
fuck|FUCK you|ｆｕｃｋ|f u c k|f.u.c.k|f-u-c-k|fu ck|fuuuuck|sh1t|s h i t|$h!t|a$$|b1tch|d1ck|dıck|рenis|p€nis
p e n i s|n@ked girl|nu de|p0rn|pоrn|h3ntai|s.e.x|sеx|b00bs|tit5|kill  yourself|kill-yourself|f*u*c*k|fück
𝓯𝓾𝓬𝓴|ⓕⓤⓒⓚ|f\u200bu\u200bck|w h o r e|wh0re|motherfucker|naked|nаked|ñaked|n4k3d|a red dress, fuck
操你妈|操 你 妈|操*你*妈|操，你，妈|草泥马|caonima|cao ni ma|CAO NI MA|cāo nǐ mā|裸體|裸 体|luoti|色情|色.情|強姦
强奸|自殺|zi sha|傻B|傻逼|sha bi|穿裙子的裸体女孩
""".strip()
    .replace("\n", "|")
    .split("|")
)
HARMLESS = (
    """
Scunthorpe|a class of grass|assassin costume|bass guitar|cockatoo and peacock|cocktail dress|Dickens novel|Essex
Sussex|therapist|grape dress|analysis|titanium|button|shuttlecock|pushing it|push it|as sweet as pie
a pair of shorts|hello kitty|shell|scrap book|bassoon|Moby Dick|pussy willow|cock-a-doodle-doo|shiitake
Arsenal shirt|a red dress with white dots|constitution|hancock|Matsushita|Penistone|clitheroe|Lightwater
mass effect|passion fruit|glass slippers|magna cum laude|a hat, a scarf|do it as soon as possible|blue tits
红色的裙子|做体操，你妈妈来|体操你喜欢吗|操场上跑步|乳白色的上衣|裸粉色外套|奶油色毛衣|性格活泼|大麻花|枪色皮带|卡通猫
一条蓝色牛仔裤|马上|妈妈的围裙|nipper|cumulus cloud|analog watch|sexton|middlesex|swan|night|skunk|tie dye
3 stars|1 tie|size 10|t-shirt|10/10|A+ grade|v-neck|x-ray|blood orange|water gun|黑色鬼脸面具|a 1920s hat
""".strip()
    .replace("\n", "|")
    .split("|")
)
